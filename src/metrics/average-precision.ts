import {
  addScores,
  startAveragePrecision,
  type AveragePrecisionTally,
} from './average-precision-tally.js';
import { labelRanks } from './label-ranks.js';
import type { LabelSet } from './label-set.js';
import type { ScoreMatrix } from './score-matrix.js';
import { stepSums } from './thresholds.js';

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
 * @param weights one an image, 0 or more, such as a bootstrap resample's counts; all 1 by default
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
