import { hasLabel, imageCount, type LabelSet } from './label-set.js';
import { requireSameImages } from './metrics-error.js';
import type { PerImage } from './per-image.js';
import type { TopClasses } from './top-classes.js';

/**
 * ReaL accuracy of each image: [T(i, 1) in L(i)], 0 or 1; `NaN` for an image without labels.
 *
 * Source: Beyer et al., "Are we done with ImageNet?" (arXiv 2006.07159), section 3.
 */
export function realAccuracy(top: TopClasses, labels: LabelSet): PerImage {
  requireSameImages('the label set', imageCount(labels), top.images);
  return Float64Array.from({ length: top.images }, (_, image) => {
    if (labels.offsets[image] === labels.offsets[image + 1]) return NaN;
    return hasLabel(labels, image, top.classes[image * top.n]!) ? 1 : 0;
  });
}
