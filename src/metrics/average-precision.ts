import { invalid, requireSameImages } from '../errors.js';
import { labelRanks, type LabelRanks, requireBatchFits } from './label-ranks.js';
import { imageCount, type LabelSet } from './labels.js';
import type { ScoreMatrix, SoftmaxTerms } from './ranking.js';
import { keysOfLogits, keysOfScores } from './score-keys.js';
import { ScoreCounter, type Thresholds, thresholdsOf } from './score-counter.js';

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
  const { byClass, overall } = tally.counter.finish();
  const perClass = stepSums(byClass);
  const micro = stepSums(overall)[0]!;
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
  /** @internal */
  readonly counter: ScoreCounter;
}

/** Logits that are counted as the probabilities that softmax makes of them. */
export interface CountedLogits {
  /** The logit of each label, in the label set's order. */
  readonly ofLabels: Float64Array;
  readonly terms: SoftmaxTerms;
}

/**
 * Starts counting average precision over scores that come in batches (a second reading of them: the
 * first gives `ranks`). Then {@link addScores} each batch once, and `finishAveragePrecision`.
 *
 * @param weights one per image, 0 or more; all 1 by default
 * @param logits where the batches will hold logits, and `ranks` has the labels' probabilities
 * @throws MetricsError `metrics-count-mismatch`, `metrics-out-of-range`
 */
export function startAveragePrecision(
  ranks: LabelRanks,
  weights?: ArrayLike<number>,
  logits?: CountedLogits,
): AveragePrecisionTally {
  const { labels, scores } = ranks;
  if (weights) requireSameImages('the weights', weights.length, imageCount(labels));
  const classes = labels.classes.subarray(labels.offsets[0], labels.offsets.at(-1));
  const images = new Uint32Array(scores.length);
  const labelWeights = new Float64Array(scores.length).fill(1);
  for (let image = 0; image < imageCount(labels); image += 1) {
    const weight = weights?.[image] ?? 1;
    if (!(weight >= 0)) throw invalid('metrics-out-of-range', 'a weight', '0 or more', weight);
    const [start, end] = [labels.offsets[image]!, labels.offsets[image + 1]!];
    labelWeights.fill(weight, start - labels.offsets[0]!, end - labels.offsets[0]!);
    images.fill(image, start - labels.offsets[0]!, end - labels.offsets[0]!);
  }
  const keys = logits ? keysOfLogits(logits.terms) : keysOfScores(scores);
  const labelKeys = (logits?.ofLabels ?? scores).map((score, at) => keys.keyOf(score, images[at]!));
  const labelled = { scores, keys: labelKeys, weights: labelWeights };
  const counter = new ScoreCounter(
    {
      byClass: thresholdsOf({ ...labelled, groups: classes }, labels.classCount),
      overall: thresholdsOf({ ...labelled, groups: new Uint16Array(scores.length) }, 1),
    },
    keys,
  );
  return { labels, weights, counter };
}

/**
 * Counts the images `firstImage`, `firstImage` + 1, ... that `batch` has the scores of.
 *
 * @throws MetricsError `metrics-out-of-range`, `metrics-class-count` where they are not the tally's
 */
export function addScores(
  { labels, weights, counter }: AveragePrecisionTally,
  batch: ScoreMatrix,
  firstImage: number,
): void {
  requireBatchFits(labels, batch, firstImage);
  counter.add(batch, firstImage, weights);
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
