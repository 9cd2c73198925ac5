import { invalid, requireSameImages } from '../errors.js';
import { countAtMost, labelRanks, type LabelRanks, requireBatchFits } from './label-ranks.js';
import { imageCount, type LabelSet } from './labels.js';
import type { ScoreMatrix } from './ranking.js';

/** Mean average precision in its variants, 0 to 1. */
export interface AveragePrecision {
  /** The mean over all classes, one without a valid image counting 0: scikit-learn's `macro`. */
  readonly macro: number;
  /** The mean over the classes that have a valid image, as torchmetrics has it; `NaN` if none. */
  readonly macroPresent: number;
  /** All (image, class) pairs as one ranking: scikit-learn's `micro`; 0 when nothing is valid. */
  readonly micro: number;
  /** Of each class; `NaN` for a class without a valid image. */
  readonly perClass: Float64Array;
  /** Classes with a valid image. */
  readonly presentClasses: number;
}

/**
 * Average precision over images, as scikit-learn's `average_precision_score`: the step sum
 * Σ (R_n - R_(n-1)) P_n over thresholds, tied scores being one threshold.
 *
 * Every image counts, one without labels as a negative of every class, as in scikit-learn; weights of
 * 0 leave images out. For scores that come in batches, see {@link startAveragePrecision}.
 *
 * @param weights one per image, 0 or more, such as a bootstrap resample's counts; all 1 by default
 * @throws MetricsError `metrics-count-mismatch`, `metrics-class-count`, `metrics-out-of-range`
 */
export function averagePrecision(
  scores: ScoreMatrix,
  labels: LabelSet,
  weights?: ArrayLike<number>,
): AveragePrecision {
  const tally = startAveragePrecision(labelRanks(scores, labels), weights);
  addScores(tally, scores, 0);
  return finishAveragePrecision(tally);
}

/** The result, once the scores of all images have been added. */
export function finishAveragePrecision(tally: AveragePrecisionTally): AveragePrecision {
  const perClass = stepSums(tally.byClass);
  const micro = stepSums(tally.overall)[0]!;
  let sum = 0;
  let presentClasses = 0;
  for (const value of perClass) {
    if (Number.isNaN(value)) continue;
    sum += value;
    presentClasses += 1;
  }
  return {
    macro: sum / perClass.length,
    macroPresent: sum / presentClasses,
    micro: Number.isNaN(micro) ? 0 : micro,
    perClass,
    presentClasses,
  };
}

/**
 * Average precision being counted. Precision changes only where a valid label is, so that the labels'
 * scores are the only thresholds, and a score is forgotten once it is counted below the right one.
 */
export interface AveragePrecisionTally {
  readonly labels: LabelSet;
  readonly weights: ArrayLike<number> | undefined;
  /**
   * One ranking per class.
   * @internal
   */
  readonly byClass: Thresholds;
  /** Each class's lowest threshold; `Infinity` for a class without one. */
  readonly lowest: Float64Array;
  /**
   * One ranking of everything.
   * @internal
   */
  readonly overall: Thresholds;
  /** @internal */
  readonly search: ThresholdSearch;
}

/**
 * Starts counting average precision over scores that come in batches (a second reading of them: the
 * first gives `ranks`). Then {@link addScores} each batch once, and `finishAveragePrecision`.
 *
 * @param weights one per image, 0 or more; all 1 by default
 * @throws MetricsError `metrics-count-mismatch`, `metrics-out-of-range`
 */
export function startAveragePrecision(
  ranks: LabelRanks,
  weights?: ArrayLike<number>,
): AveragePrecisionTally {
  const { labels, scores } = ranks;
  if (weights) requireSameImages('the weights', weights.length, imageCount(labels));
  const groups = labels.classes.subarray(labels.offsets[0], labels.offsets.at(-1));
  const labelWeights = new Float64Array(scores.length).fill(1);
  for (let image = 0; weights && image < weights.length; image += 1) {
    const weight = weights[image]!;
    if (!(weight >= 0)) throw invalid('metrics-out-of-range', 'a weight', '0 or more', weight);
    const first = labels.offsets[0]!;
    labelWeights.fill(weight, labels.offsets[image]! - first, labels.offsets[image + 1]! - first);
  }
  const byClass = thresholds(scores, labelWeights, groups, labels.classCount);
  const overall = thresholds(scores, labelWeights, new Uint16Array(scores.length), 1);
  return {
    labels,
    weights,
    byClass,
    lowest: Float64Array.from({ length: labels.classCount }, (_, c) =>
      byClass.starts[c] === byClass.starts[c + 1] ? Infinity : byClass.scores[byClass.starts[c]!]!,
    ),
    overall,
    search: thresholdSearch(overall.scores),
  };
}

/**
 * Counts the images `firstImage`, `firstImage` + 1, ... that `batch` has the scores of.
 *
 * @throws MetricsError `metrics-out-of-range`, `metrics-class-count` where they are not the tally's
 */
export function addScores(
  tally: AveragePrecisionTally,
  batch: ScoreMatrix,
  firstImage: number,
): void {
  requireBatchFits(tally.labels, batch, firstImage);
  const { byClass, lowest, overall, search } = tally;
  const { classCount, values } = batch;
  const bottom = overall.scores[0] ?? Infinity;
  for (let i = 0; i < batch.images; i += 1) {
    const weight = tally.weights?.[firstImage + i] ?? 1;
    if (weight === 0) continue;
    for (let c = 0; c < classCount; c += 1) {
      const score = values[i * classCount + c]!;
      if (score < bottom) continue;
      overall.counted[findThreshold(search, score)]! += weight;
      if (score < lowest[c]!) continue;
      const low = byClass.starts[c]!;
      const at = countAtMost(byClass.scores, score, low, byClass.starts[c + 1]!) - 1;
      byClass.counted[at]! += weight;
    }
  }
}

/**
 * Ascending scores, with their range cut into buckets: a plain binary search over 50,000 thresholds,
 * for each of 50 million scores, would take most of the time of scoring a model.
 */
interface ThresholdSearch {
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
function thresholdSearch(sorted: Float64Array): ThresholdSearch {
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
function findThreshold(search: ThresholdSearch, score: number): number {
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

/**
 * The distinct scores of the valid labels of each group (a class, or everything), ascending within
 * the group; group g has the positions `starts[g]` to `starts[g + 1]` - 1.
 */
interface Thresholds {
  readonly starts: Uint32Array;
  readonly scores: Float64Array;
  /** The weight of the valid labels with just this score. */
  readonly valid: Float64Array;
  /** The weight of everything that scores from this threshold up to the next. To be filled in. */
  readonly counted: Float64Array;
}

/**
 * @param scores of the valid labels
 * @param weights of the same labels; those with 0 make no threshold
 * @param groups the group of each, 0 to `groupCount` - 1
 */
function thresholds(
  scores: Float64Array,
  weights: Float64Array,
  groups: Uint16Array,
  groupCount: number,
): Thresholds {
  const order = Uint32Array.from(scores.keys())
    .filter((at) => weights[at]! > 0)
    .sort((a, b) => groups[a]! - groups[b]! || scores[a]! - scores[b]!);
  const starts = new Uint32Array(groupCount + 1);
  const distinct = new Float64Array(order.length);
  const valid = new Float64Array(order.length);
  let size = 0;
  let previous = -1;
  for (const at of order) {
    const same =
      previous >= 0 && groups[at] === groups[previous] && scores[at] === scores[previous];
    if (!same) {
      distinct[size] = scores[at]!;
      size += 1;
      starts[groups[at]! + 1]! += 1;
    }
    valid[size - 1]! += weights[at]!;
    previous = at;
  }
  for (let g = 0; g < groupCount; g += 1) starts[g + 1]! += starts[g]!;
  return {
    starts,
    scores: distinct.slice(0, size),
    valid: valid.slice(0, size),
    counted: new Float64Array(size),
  };
}

/** Each group's average precision, Σ (valid here / valid in all) · precision; `NaN` if none valid. */
function stepSums({ starts, valid, counted }: Thresholds): Float64Array {
  return Float64Array.from({ length: starts.length - 1 }, (_, group) => {
    let validAbove = 0;
    let countedAbove = 0;
    let sum = 0;
    for (let at = starts[group + 1]! - 1; at >= starts[group]!; at -= 1) {
      validAbove += valid[at]!;
      countedAbove += counted[at]!;
      sum += (valid[at]! * validAbove) / countedAbove;
    }
    return sum / validAbove;
  });
}
