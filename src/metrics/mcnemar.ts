import { binomialHalfTail } from './binomial.js';
import { invalid, requireInteger, requireSameImages } from './metrics-error.js';
import type { PerImage } from './per-image.js';

/** How two models differ image by image, and how likely that is if they are equally good. */
export interface McNemar {
  /** Images that only the first model gets right. */
  readonly onlyFirst: number;
  /** Images that only the second model gets right. */
  readonly onlySecond: number;
  /** Images compared. */
  readonly images: number;
  /** Two-sided, above 0 to 1; 1 when the models never differ. */
  readonly pValue: number;
}

/**
 * The exact McNemar test of two models on one evaluation set: given the images on which just one of
 * them is right, each model is as likely to be that one. As statsmodels' `mcnemar(exact=True)`.
 *
 * Source: McNemar 1947; exact form: Fagerland et al. 2013, section 4 (the conditional test).
 *
 * @param first 1 (right), 0 (wrong) or `NaN` (left out) for each image, from top-1 accuracy, ReaL
 *   accuracy or variable top-k under the rule `any` or `exact`
 * @param second the other model's, leaving out the same images
 * @throws MetricsError `metrics-not-binary` or `metrics-count-mismatch`
 */
export function mcnemar(first: PerImage, second: PerImage): McNemar {
  requireSameImages("the second model's scores", second.length, first.length);
  let onlyFirst = 0;
  let onlySecond = 0;
  let images = 0;
  for (let image = 0; image < first.length; image += 1) {
    const [a, b] = [first[image]!, second[image]!];
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    if ((a !== 0 && a !== 1) || (b !== 0 && b !== 1)) {
      const place = `image ${image} (counted from 0)`;
      throw invalid('metrics-not-binary', place, '0 or 1, or NaN from both models', `${a}, ${b}`);
    }
    images += 1;
    if (a > b) onlyFirst += 1;
    if (b > a) onlySecond += 1;
  }
  return { onlyFirst, onlySecond, images, pValue: mcnemarPValue(onlyFirst, onlySecond) };
}

/** The two-sided p-value of the exact test from the numbers of images on which the models differ. */
export function mcnemarPValue(onlyFirst: number, onlySecond: number): number {
  requireInteger('onlyFirst', onlyFirst, 0);
  requireInteger('onlySecond', onlySecond, 0);
  const lower = Math.min(onlyFirst, onlySecond);
  return Math.min(1, 2 * binomialHalfTail(lower, onlyFirst + onlySecond));
}
