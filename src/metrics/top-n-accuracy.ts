import { requireInteger, requireSameImages } from './metrics-error.js';
import type { PerImage } from './per-image.js';
import type { TopClasses } from './top-classes.js';

/**
 * Top-n accuracy of each image against its single original label: [label in T(i, n)], 0 or 1.
 *
 * @param originals one class index an image; -1 where an image has none, which gives `NaN`
 * @param n 1 to the classes that `top` ranks
 */
export function topNAccuracy(top: TopClasses, originals: ArrayLike<number>, n: number): PerImage {
  requireInteger('n', n, 1, top.n);
  requireSameImages('the original labels', originals.length, top.images);
  return Float64Array.from(originals, (label, image) => {
    if (label < 0) return NaN;
    const row = image * top.n;
    for (let rank = 0; rank < n; rank += 1) if (top.classes[row + rank] === label) return 1;
    return 0;
  });
}
