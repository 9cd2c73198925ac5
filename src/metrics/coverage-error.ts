import type { LabelRanks } from './label-ranks.js';
import { imageCount } from './label-set.js';
import type { PerImage } from './per-image.js';

/**
 * Coverage error of each image: how far down the ranking one must go to have all valid labels, ties
 * included. 1 to the number of classes; 0 for an image without labels, as in scikit-learn's
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
