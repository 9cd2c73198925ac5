/** The metrics of a scorecard, in the order it lists them; the subgroups come after `exactMatch`. */
export const METRIC_NAMES = [
  'top1',
  'top5',
  'real',
  'realPerClass',
  'variableTopK',
  'variableTopKAny',
  'exactMatch',
  'asma',
  'imageWeighted',
  'precisionAt1',
  'recallAt1',
  'f1At1',
  'precisionAt5',
  'recallAt5',
  'f1At5',
  'mapPerImage',
  'mapMacro',
  'mapMacroPresent',
  'mapMicro',
  'coverageError',
  'lrap',
  'rankingLoss',
] as const;

export type MetricName = (typeof METRIC_NAMES)[number];

/** The names of the subgroup accuracies: `A_1` to `A_5`, `A_>5`. */
function subgroupNames(maxGroup: number): string[] {
  const exact = Array.from({ length: maxGroup }, (_, at) => subgroupName(String(at + 1)));
  return [...exact, subgroupName(`>${maxGroup}`)];
}

/** The name of a subgroup's accuracy. @param group as the metrics name it: `1`, `>5` */
export function subgroupName(group: string): string {
  return `A_${group}`;
}

/** All metrics and subgroups in a scorecard's order. */
export function allMetricNames(maxGroup: number): string[] {
  const at = METRIC_NAMES.indexOf('asma');
  return [...METRIC_NAMES.slice(0, at), ...subgroupNames(maxGroup), ...METRIC_NAMES.slice(at)];
}
