import { imageCount, type LabelSet } from './label-set.js';
import { requireSameImages } from './metrics-error.js';

/**
 * One score an image, in the evaluation set's order; `NaN` means that the image is left out (it has
 * no labels, say). What every metric of this folder gives, and what the bootstrap resamples.
 */
export type PerImage = Float64Array;

/** A mean over images, with what it is a mean of. */
export interface ImageMean {
  /** `NaN` when no image is left. */
  readonly mean: number;
  /** Images in the mean. */
  readonly images: number;
  /** Images left out of it. */
  readonly excluded: number;
}

/** The mean over the images that are not left out. */
export function imageMean(values: PerImage): ImageMean {
  let sum = 0;
  let images = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    images += 1;
  }
  return { mean: sum / images, images, excluded: values.length - images };
}

/**
 * The same scores with the images without labels left out (`NaN`). For the metrics to which
 * scikit-learn gives a value for them: where an empty label set means "not annotated" (ReaL), that
 * value says nothing about the model.
 */
export function withoutUnlabelled(values: PerImage, labels: LabelSet): PerImage {
  requireSameImages('the scores', values.length, imageCount(labels));
  return values.map((value, i) => (labels.offsets[i] === labels.offsets[i + 1] ? NaN : value));
}
