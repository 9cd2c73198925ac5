import { countAtMost } from './count-at-most.js';
import { requireBatchFits, type LabelRanks } from './label-ranks.js';
import { imageCount, type LabelSet } from './label-set.js';
import { invalid, requireSameImages } from './metrics-error.js';
import type { ScoreMatrix } from './score-matrix.js';
import { findThreshold, thresholdSearch, type ThresholdSearch } from './threshold-search.js';
import { thresholds, type Thresholds } from './thresholds.js';

/**
 * Average precision being counted. Precision changes only where a valid label is, so that the labels'
 * scores are the only thresholds, and a score is forgotten once it is counted below the right one.
 */
export interface AveragePrecisionTally {
  readonly labels: LabelSet;
  readonly weights: ArrayLike<number> | undefined;
  /** One ranking a class. */
  readonly byClass: Thresholds;
  /** Each class's lowest threshold; `Infinity` for a class without one. */
  readonly lowest: Float64Array;
  /** One ranking of everything. */
  readonly overall: Thresholds;
  readonly search: ThresholdSearch;
}

/**
 * Starts counting average precision over scores that come in batches (a second reading of them: the
 * first gives `ranks`). Then {@link addScores} each batch once, and `finishAveragePrecision`.
 *
 * @param weights one an image, 0 or more; all 1 by default
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

/** Counts the images `firstImage`, `firstImage` + 1, ... that `batch` has the scores of. */
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
