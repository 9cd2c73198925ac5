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
  /**
   * One ranking of everything.
   * @internal
   */
  readonly overall: Thresholds;
  /** @internal */
  readonly scale: Scale;
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
  const scale = scores.some((score) => score < 0) ? 'numbers' : 'bits';
  const everything = new Uint16Array(scores.length);
  return {
    labels,
    weights,
    byClass: thresholds({ scores, weights: labelWeights, groups }, labels.classCount, scale),
    overall: thresholds({ scores, weights: labelWeights, groups: everything }, 1, scale),
    scale,
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
  const { labels, byClass, overall, scale } = tally;
  const { images, classCount } = batch;
  for (let start = 0; start < images; start += BLOCK_ROWS) {
    const rows = Math.min(BLOCK_ROWS, images - start);
    const part = batch.values.subarray(start * classCount, (start + rows) * classCount);
    const values = part instanceof Float64Array ? part : new Float64Array(part);
    const positions = positionsOf(values, scale);
    const weightOf = (row: number): number => tally.weights?.[firstImage + start + row] ?? 1;
    const weights = Float64Array.from({ length: rows }, (_, row) => weightOf(row));
    // Class by class: while these images are counted, its thresholds stay in the nearest memory.
    for (let c = 0; c < labels.classCount; c += 1) {
      const scores = { values, positions, weights, classCount, c };
      countScores(overall, 0, scores);
      countScores(byClass, c, scores);
    }
  }
}

const BLOCK_ROWS = 256;

/**
 * What buckets are equally wide in: the numbers, or the upper halves of their bits, which rise with a
 * number of 0 or more, evenly within each octave. They spread many tiny probabilities as a logarithm
 * would.
 */
type Scale = 'numbers' | 'bits';

/** For each number one that rises with it, at `2 * index + UPPER` or at `index`; see {@link Scale}. */
function positionsOf(values: Float64Array, scale: Scale): Int32Array | Float64Array {
  if (scale === 'numbers') return values;
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
}

/** Which half of a number's bits is the upper one. */
const UPPER = new Uint32Array(Float64Array.of(1).buffer)[0] === 0 ? 1 : 0;

/** The scores of some images for class `c`. */
interface ClassScores {
  /** Those of all classes. */
  values: Float64Array;
  positions: Int32Array | Float64Array;
  weights: Float64Array;
  classCount: number;
  c: number;
}

/** Counts scores among the thresholds of a group. */
function countScores(
  { starts, scores: thresholds, counted, lowest, buckets, origins, scales }: Thresholds,
  group: number,
  { values, positions, weights, classCount, c }: ClassScores,
): void {
  const [bottom, origin, scale] = [lowest[group]!, origins[group]!, scales[group]!];
  const first = firstBucket(starts, group);
  const last = bucketCount(starts, group) - 1;
  const [step, shift] = positions === values ? [1, 0] : [2, UPPER];
  for (let row = 0, at = c; row < weights.length; row += 1, at += classCount) {
    const score = values[at]!;
    if (score < bottom) continue;
    const bucket = first + bucketOf((positions[at * step + shift]! - origin) * scale, last);
    const above = countAtMost(thresholds, score, buckets[bucket]!, buckets[bucket + 1]!);
    counted[above - 1]! += weights[row]!;
  }
}

/** NaN, infinity times a scale of 0, becomes 0: then everything is in the first bucket. */
function bucketOf(share: number, last: number): number {
  return Math.max(0, Math.min(share, last)) | 0;
}

/**
 * The distinct scores of the valid labels of each group (a class, or everything), ascending within
 * the group; group g has the positions `starts[g]` to `starts[g + 1]` - 1.
 *
 * Each group's range is cut into buckets: a plain binary search over 50,000 thresholds, for each of
 * 50 million scores, would take most of the time of scoring a model.
 */
interface Thresholds {
  readonly starts: Uint32Array;
  readonly scores: Float64Array;
  /** The weight of the valid labels with just this score. */
  readonly valid: Float64Array;
  /** The weight of everything that scores from this threshold up to the next. To be filled in. */
  readonly counted: Float64Array;
  /** Each group's lowest threshold; `Infinity` for a group without one. */
  readonly lowest: Float64Array;
  /** Bucket b of group g begins with the threshold `buckets[firstBucket(starts, g) + b]`. */
  readonly buckets: Uint32Array;
  /** Where each group's first bucket begins, and its buckets per unit. */
  readonly origins: Float64Array;
  readonly scales: Float64Array;
}

/** Buckets per threshold: so many that few have two. */
const BUCKETS = 4;

/** Where a group's buckets are: {@link BUCKETS} a threshold, one more, and an end. */
function firstBucket(starts: Uint32Array, group: number): number {
  return BUCKETS * starts[group]! + 2 * group;
}

function bucketCount(starts: Uint32Array, group: number): number {
  return BUCKETS * (starts[group + 1]! - starts[group]!) + 1;
}

/** The scores of valid labels, the weight of each, and its group: 0 to `groupCount` - 1. */
interface Labelled {
  scores: Float64Array;
  /** Labels with 0 make no threshold. */
  weights: Float64Array;
  groups: Uint16Array;
}

function thresholds(
  { scores, weights, groups }: Labelled,
  groupCount: number,
  scale: Scale,
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
      distinct[size] = scores[at]! + 0;
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
    ...bucketed(distinct.subarray(0, size), starts, scale),
  };
}

/** Cuts the range of each group's thresholds into buckets. */
function bucketed(
  scores: Float64Array,
  starts: Uint32Array,
  scale: Scale,
): Pick<Thresholds, 'lowest' | 'buckets' | 'origins' | 'scales'> {
  const groups = starts.length - 1;
  const lowest = new Float64Array(groups).fill(Infinity);
  const origins = new Float64Array(groups);
  const scales = new Float64Array(groups);
  const buckets = new Uint32Array(firstBucket(starts, groups));
  const positions = positionsOf(scores, scale);
  const positionOf = (at: number): number => positions[scale === 'bits' ? 2 * at + UPPER : at]!;
  for (let group = 0; group < groups; group += 1) {
    const [start, end] = [starts[group]!, starts[group + 1]!];
    const [first, count] = [firstBucket(starts, group), bucketCount(starts, group)];
    if (start === end) continue;
    lowest[group] = scores[start]!;
    const origin = (origins[group] = positionOf(start));
    const perUnit = count / (positionOf(end - 1) - origin);
    scales[group] = Number.isFinite(perUnit) ? perUnit : 0;
    for (let at = start, bucket = 0; bucket <= count; bucket += 1) {
      buckets[first + bucket] = at;
      for (; at < end; at += 1) {
        if (bucketOf((positionOf(at) - origin) * scales[group]!, count - 1) > bucket) break;
      }
    }
  }
  return { lowest, buckets, origins, scales };
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
