import type { LabelRanks } from './label-ranks.js';
import { imageCount } from './label-set.js';
import type { PerImage } from './per-image.js';

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
