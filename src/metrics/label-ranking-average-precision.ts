import { imageAveragePrecision } from './image-average-precision.js';
import type { LabelRanks } from './label-ranks.js';
import type { PerImage } from './per-image.js';

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
