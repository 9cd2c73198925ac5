import { hits } from './hits.js';
import { imageCount, type LabelSet } from './label-set.js';
import { requireInteger, requireSameImages } from './metrics-error.js';
import type { PerImage } from './per-image.js';
import type { TopClasses } from './top-classes.js';

/** Each image's precision, recall and F1, 0 to 1. */
export interface PrecisionRecall {
  readonly precision: PerImage;
  readonly recall: PerImage;
  readonly f1: PerImage;
}

/**
 * Precision, recall and F1 of each image when its n highest-ranked classes are what the model
 * predicts, with h = |T(i, n) ∩ L(i)|: h / n, h / k(i), 2h / (n + k(i)). Their means are
 * scikit-learn's `average='samples'`. `NaN` for an image without labels.
 *
 * @param n 1 to the classes that `top` ranks
 */
export function precisionRecall(top: TopClasses, labels: LabelSet, n: number): PrecisionRecall {
  requireInteger('n', n, 1, top.n);
  requireSameImages('the label set', imageCount(labels), top.images);
  const precision = new Float64Array(top.images).fill(NaN);
  const recall = precision.slice();
  const f1 = precision.slice();
  for (let image = 0; image < top.images; image += 1) {
    const k = labels.offsets[image + 1]! - labels.offsets[image]!;
    if (k === 0) continue;
    const found = hits(top, labels, image, n);
    precision[image] = found / n;
    recall[image] = found / k;
    f1[image] = (2 * found) / (n + k);
  }
  return { precision, recall, f1 };
}
