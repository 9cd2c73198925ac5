import { countAtMost } from './count-at-most.js';

/**
 * Ascending scores, with their range cut into buckets: a plain binary search over 50,000 thresholds,
 * for each of 50 million scores, would take most of the time of scoring a model.
 */
export interface ThresholdSearch {
  readonly sorted: Float64Array;
  /** Bucket b holds `sorted[starts[b] .. starts[b + 1])`. */
  readonly starts: Uint32Array;
  /**
   * Whether buckets are equally wide in the numbers' bits, which spreads many tiny numbers as a
   * logarithm would: for positive scores, which are probabilities as a rule. Else in the numbers.
   */
  readonly byBits: boolean;
  /** Where the first bucket begins, and buckets per unit. */
  readonly origin: number;
  readonly scale: number;
  /** Scratch: a number and its bits, of which the upper half is at `high`. */
  readonly number: Float64Array;
  readonly words: Uint32Array;
  readonly high: number;
}

/** Prepares {@link findThreshold}. */
export function thresholdSearch(sorted: Float64Array): ThresholdSearch {
  const buckets = 4 * sorted.length + 1;
  const bottom = sorted[0] ?? 0;
  const number = new Float64Array([1]);
  const words = new Uint32Array(number.buffer);
  const starts = new Uint32Array(buckets + 1);
  const high = words[0] === 0 ? 1 : 0;
  const range = { sorted, starts, byBits: bottom > 0, origin: 0, scale: 1, number, words, high };
  const origin = position(range, bottom);
  const scale = buckets / (position(range, sorted.at(-1) ?? 0) - origin);
  const search = { ...range, origin, scale: Number.isFinite(scale) ? scale : 0 };
  for (const score of sorted) starts[bucketOf(search, score) + 1]! += 1;
  for (let b = 0; b < buckets; b += 1) starts[b + 1]! += starts[b]!;
  return search;
}

/** The position of the highest score that is not above `score`, which is at least `sorted[0]`. */
export function findThreshold(search: ThresholdSearch, score: number): number {
  const bucket = bucketOf(search, score);
  return countAtMost(search.sorted, score, search.starts[bucket]!, search.starts[bucket + 1]!) - 1;
}

function bucketOf(search: ThresholdSearch, score: number): number {
  const bucket = Math.floor((position(search, score) - search.origin) * search.scale);
  // NaN is infinity times a scale of 0: then everything is in bucket 0.
  return Math.min(search.starts.length - 2, bucket || 0);
}

/** Rises with the score. The upper half of a positive number's bits does, evenly in each octave. */
function position(search: ThresholdSearch, score: number): number {
  if (!search.byBits) return score;
  search.number[0] = score;
  return search.words[search.high]!;
}
