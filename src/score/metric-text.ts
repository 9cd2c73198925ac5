import type { Metric, MetricName } from './scorecard.js';

const LABELS: Record<MetricName, string> = {
  top1: 'top-1',
  top5: 'top-5',
  real: 'ReaL',
  realPerClass: 'ReaL (mean of classes)',
  variableTopK: 'variable top-k',
  variableTopKAny: 'variable top-k (any)',
  exactMatch: 'exact match',
  asma: 'ASMA',
  imageWeighted: 'mean over images',
  precisionAt1: 'precision at 1',
  recallAt1: 'recall at 1',
  f1At1: 'F1 at 1',
  precisionAt5: 'precision at 5',
  recallAt5: 'recall at 5',
  f1At5: 'F1 at 5',
  mapPerImage: 'mAP per image',
  mapMacro: 'macro mAP',
  mapMacroPresent: 'macro mAP (present classes)',
  mapMicro: 'micro mAP',
  coverageError: 'coverage error',
  lrap: 'LRAP',
  rankingLoss: 'ranking loss',
};

/** The metrics that are no share of 1. */
const COUNTS: readonly string[] = ['coverageError'] satisfies MetricName[];

/** What people call a metric; a subgroup is called by its name, `A_2`. */
export function labelOf(name: string): string {
  return (LABELS as Partial<Record<string, string>>)[name] ?? name;
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
