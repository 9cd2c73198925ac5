import type { LabelRanks } from './label-ranks.js';
import { imageCount } from './label-set.js';
import type { PerImage } from './per-image.js';

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
