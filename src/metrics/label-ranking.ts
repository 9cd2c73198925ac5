import type { PerImage } from './accuracy.js';
import type { LabelRanks } from './label-ranks.js';
import { imageCount } from './labels.js';

/**
 * Average precision of each image over its classes, 0 to 1; the mean is scikit-learn's
 * `average_precision_score(average='samples')`. An image without labels gets 0, as there
 * (`withoutUnlabelled` leaves it out).
 *
 * Tied labels enter the step sum together, at one precision, so that the sum over thresholds is the
 * mean over labels of (valid classes at or above) / (classes at or above).
 */
export function imageAveragePrecision(ranks: LabelRanks): PerImage {
  const { labels, atOrAbove, relevantAtOrAbove } = ranks;
  const { offsets } = labels;
  return Float64Array.from({ length: imageCount(labels) }, (_, image) => {
    const start = offsets[image]! - offsets[0]!;
    const end = offsets[image + 1]! - offsets[0]!;
    let sum = 0;
    for (let at = start; at < end; at += 1) sum += relevantAtOrAbove[at]! / atOrAbove[at]!;
    return end === start ? 0 : sum / (end - start);
  });
}

/**
 * Coverage error of each image, max over its labels of |{c: s(c) >= s(label)}|: how far down the
 * ranking one must go to have all valid labels, ties included. 1 to the number of classes; 0 for an image without labels, as in scikit-learn's
 * `coverage_error`, which averages it too (`withoutUnlabelled` leaves it out).
 */
export function coverageError({ labels, atOrAbove }: LabelRanks): PerImage {
  const { offsets } = labels;
  return Float64Array.from({ length: imageCount(labels) }, (_, image) => {
    let deepest = 0;
    for (let at = offsets[image]!; at < offsets[image + 1]!; at += 1) {
      deepest = Math.max(deepest, atOrAbove[at - offsets[0]!]!);
    }
    return deepest;
  });
}

/**
 * Label-ranking average precision of each image, above 0 to 1, as scikit-learn's
 * `label_ranking_average_precision_score`: the average precision of the image, except that an image
 * without labels gets 1 (`withoutUnlabelled` leaves it out). One with all labels gets 1 under both.
 */
export function labelRankingAveragePrecision(ranks: LabelRanks): PerImage {
  const { offsets } = ranks.labels;
  return imageAveragePrecision(ranks).map((value, image) =>
    offsets[image] === offsets[image + 1] ? 1 : value,
  );
}

/**
 * Label-ranking loss of each image, as scikit-learn's `label_ranking_loss`: the share of pairs of a
 * valid and an invalid class in which the invalid one scores at least as high (a tie is a full
 * error). 0 to 1; 0 for an image with no labels (`withoutUnlabelled` leaves it out) or all.
 */
export function labelRankingLoss({ labels, atOrAbove, relevantAtOrAbove }: LabelRanks): PerImage {
  const { offsets, classCount } = labels;
  return Float64Array.from({ length: imageCount(labels) }, (_, image) => {
    const start = offsets[image]! - offsets[0]!;
    const end = offsets[image + 1]! - offsets[0]!;
    const pairs = (end - start) * (classCount - (end - start));
    let wrong = 0;
    for (let at = start; at < end; at += 1) wrong += atOrAbove[at]! - relevantAtOrAbove[at]!;
    return pairs === 0 ? 0 : wrong / pairs;
  });
}
