import { type Metric, type MetricName, type NewScorecard, readSubgroupName } from './scorecard.js';

const LABELS: Record<MetricName, string> = {
  top1: 'top-1',
  top5: 'top-5',
  real: 'first class is a label',
  realPerClass: 'first class, mean of classes',
  variableTopK: 'variable top-k',
  variableTopKAny: 'variable top-k (any)',
  exactMatch: 'exact match',
  asma: 'ASMA',
  asmaAny: 'ASMA (any)',
  asmaExact: 'ASMA (exact)',
  imageWeighted: 'mean over images',
  imageWeightedAny: 'mean over images (any)',
  imageWeightedExact: 'mean over images (exact)',
  precisionAt1: 'precision at 1',
  recallAt1: 'recall at 1',
  f1At1: 'F1 at 1',
  precisionAt5: 'precision at 5',
  recallAt5: 'recall at 5',
  f1At5: 'F1 at 5',
  mapPerImage: 'mAP per image',
  mapMacro: 'macro mAP',
  mapMacroPresent: 'macro mAP (present)',
  mapMicro: 'micro mAP',
  coverageError: 'coverage error',
  lrap: 'LRAP',
  rankingLoss: 'ranking loss',
};

/** The metrics that are no share of 1. */
const COUNTS: readonly string[] = ['coverageError'] satisfies MetricName[];

/** What a metric's name depends on. */
export interface NamedOf {
  /** The rules of the labels: ReaL accuracy is one of ReaL labels. */
  rules: readonly string[];
  /** The subgroups that ASMA is of, such as `A_1`; undefined where these are all. */
  subgroups?: readonly string[] | undefined;
}

/** What the metrics of scorecards are called: ASMA names its subgroups where images are not in it. */
export function namedOf(scorecards: readonly Pick<NewScorecard, 'set' | 'metrics'>[]): NamedOf {
  const part = scorecards.find(({ set, metrics }) => (metrics.asma?.n ?? 0) < set.labelled);
  return {
    rules: scorecards.map(({ set }) => set.rule),
    subgroups: part?.metrics.asma?.subgroups,
  };
}

/** What people call a metric; a subgroup is called by its name, `A_2`, and its hit rule. */
export function labelOf(name: string, { rules, subgroups }: NamedOf): string {
  const subgroup = readSubgroupName(name);
  if (subgroup) {
    const { group, rule } = subgroup;
    return rule === 'fraction' ? group : `${group} (${rule})`;
  }
  if (name === 'real' && rules.every((rule) => rule === 'real')) return 'ReaL';
  const label = (LABELS as Partial<Record<string, string>>)[name] ?? name;
  if (!subgroups || !/^(asma|imageWeighted)/.test(name)) return label;
  const [, plain = label, rule] = /^(.*?)(?: \((any|exact)\))?$/.exec(label) ?? [];
  return `${plain} (${[groupsText(subgroups), ...(rule === undefined ? [] : [rule])].join(', ')})`;
}

/** `k <= 5`, `k = 2 to 5`, `k >= 3`; `k = 1, 3` where one between is missing. */
export function groupsText(subgroups: readonly string[]): string {
  const names = subgroups.map((name) => name.slice('A_'.length));
  const numbers = names.map(
    (name) => Number(name.replace('>', '')) + (name.startsWith('>') ? 1 : 0),
  );
  const isRun = numbers.every((k, at) => k === numbers[0]! + at);
  const isOpen = names.at(-1)?.startsWith('>') === true;
  if (!isRun || names.length < 2) return `k = ${names.join(', ')}`.replace('= >', '> ');
  if (isOpen) return `k >= ${numbers[0]!}`;
  return numbers[0] === 1 ? `k <= ${names.at(-1)!}` : `k = ${names[0]!} to ${names.at(-1)!}`;
}

/** `71.3%`, a coverage error as `12.4`; `-` where there is none. */
export function valueText(name: string, value: number | null): string {
  if (value === null) return '-';
  return isCount(name) ? value.toFixed(1) : `${(100 * value).toFixed(1)}%`;
}

/** `[69.0, 73.5]`; empty where there is none. */
export function intervalText(name: string, { low, high }: Pick<Metric, 'low' | 'high'>): string {
  if (low === null || high === null) return '';
  const factor = isCount(name) ? 1 : 100;
  return `[${(factor * low).toFixed(1)}, ${(factor * high).toFixed(1)}]`;
}

/** A difference of two values in points, with its sign: `+2.1`. */
export function differenceText(name: string, value: number | null): string {
  if (value === null) return '-';
  const text = ((isCount(name) ? 1 : 100) * value).toFixed(1);
  if (Number(text) === 0) return '0.0'; // neither +0.0 nor -0.0
  return value > 0 ? `+${text}` : text;
}

function isCount(name: string): boolean {
  return COUNTS.includes(name);
}
