import { readFileSync } from 'node:fs';
import { labelSet, type LabelSet, scoreMatrix, type ScoreMatrix } from '../../src/metrics/index.js';

interface PerImageReference {
  mean: number;
  per_image: number[];
}

/** One case of `ranking`: scores [images x classes] and what scikit-learn and numpy make of them. */
export interface RankingReference {
  name: string;
  classes: number;
  scores: number[];
  labels: number[][];
  ranking: number[];
  coverage_error: PerImageReference;
  lrap: PerImageReference;
  ranking_loss: PerImageReference;
  average_precision: {
    macro: number;
    micro: number;
    samples: number;
    per_class: number[];
    present: number[];
  };
  weights: number[];
  weighted_average_precision: { macro: number; micro: number };
  at_n: { n: number; precision: number; recall: number; f1: number }[];
}

interface Reference {
  ranking: RankingReference[];
  mcnemar: { first: number; second: number; p: number }[];
  correlation: { x: number[]; y: number[]; ranks: number[]; spearman: number; kendall: number }[];
  percentile: { values: number[]; shares: number[]; expected: number[] }[];
  bootstrap: {
    counts: number[];
    first: (number | null)[];
    second: (number | null)[];
    draws: number[][];
    subgroups: (number | null)[];
    asma: number;
    on_draws: {
      mean: number[];
      asma: number[];
      subgroups: (number | null)[][];
      asma_difference: number[];
    };
    percentiles: Record<'mean' | 'asma' | 'asma_difference', [low: number, high: number]>;
  };
  intervals: { counts: number[]; first: number[]; second: number[]; other: number[] } & Record<
    'mean' | 'asma' | 'difference' | 'gap',
    [low: number, high: number]
  >;
}

/** What other libraries compute; made by scripts/metrics-reference.py. Tests run in the root. */
export const reference = JSON.parse(
  readFileSync('test/metrics/reference.json', 'utf8'),
) as Reference;

export function scoresOf(of: RankingReference): ScoreMatrix {
  return scoreMatrix(Float64Array.from(of.scores), of.classes);
}

export function labelsOf(of: RankingReference): LabelSet {
  return labelSet(of.labels, of.classes);
}

/** A label set that has the given number of labels for each image, when only that matters. */
export function labelsOfCounts(counts: readonly number[]): LabelSet {
  return labelSet(
    counts.map((k) => Array.from({ length: k }, (_, label) => label)),
    10,
  );
}

/** Per-image scores, `null` standing for an image that is left out. */
export function perImage(values: readonly (number | null)[]): Float64Array {
  return Float64Array.from(values, (value) => value ?? NaN);
}

/** The largest difference between two lists; infinite where just one has a number, or by length. */
export function distance(got: ArrayLike<number>, expected: readonly (number | null)[]): number {
  if (got.length !== expected.length) return Infinity;
  return expected.reduce<number>((most, value, at) => {
    const [a, b] = [got[at]!, value ?? NaN];
    if (Number.isNaN(a) && Number.isNaN(b)) return most;
    return Number.isNaN(a - b) ? Infinity : Math.max(most, Math.abs(a - b));
  }, 0);
}
