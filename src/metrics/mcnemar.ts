import { invalid, requireInteger, requireSameImages } from '../errors.js';
import type { PerImage } from './accuracy.js';

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

/**
 * The two-sided p-value of the exact test from the numbers of images on which the models differ, b
 * and c: min(1, 2 P(X <= min(b, c))) for X binomial with b + c trials of probability 1/2.
 *
 * @throws MetricsError `metrics-out-of-range`
 */
export function mcnemarPValue(onlyFirst: number, onlySecond: number): number {
  requireInteger('onlyFirst', onlyFirst, 0);
  requireInteger('onlySecond', onlySecond, 0);
  const lower = Math.min(onlyFirst, onlySecond);
  return Math.min(1, 2 * binomialHalfTail(lower, onlyFirst + onlySecond));
}

/**
 * P(X <= k) for X binomial with n trials of probability 1/2, with k at most n / 2; relative error
 * below 1e-11.
 *
 * The largest term comes from the log-gamma function, written as Stirling's formula and its
 * remainder so that the large parts cancel before they are computed (Loader 2000, "Fast and accurate
 * computation of binomial probabilities"); the terms below it each from the one before.
 */
function binomialHalfTail(k: number, n: number): number {
  let term = binomialHalf(k, n);
  let sum = 0;
  for (let j = k; j >= 0 && term > sum * 1e-18; j -= 1) {
    sum += term;
    term *= j / (n - j + 1);
  }
  return sum;
}

/** P(X = k). */
function binomialHalf(k: number, n: number): number {
  if (k === 0 || k === n) return 2 ** -n;
  const remainder = stirlingRemainder(n) - stirlingRemainder(k) - stirlingRemainder(n - k);
  const deviance = halfDeviance(k, n) + halfDeviance(n - k, n);
  return Math.exp(remainder - deviance) * Math.sqrt(n / (2 * Math.PI * k * (n - k)));
}

/** k log(k / (n/2)) + n/2 - k: what k's distance from its mean costs. */
function halfDeviance(k: number, n: number): number {
  const mean = n / 2;
  return k * Math.log1p((k - mean) / mean) + mean - k;
}

/** log n! - log(sqrt(2 pi n) (n/e)^n), for n from 1. */
function stirlingRemainder(n: number): number {
  if (n > 15) {
    const s = 1 / (n * n);
    return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / n;
  }
  let factorial = 1;
  for (let i = 2; i <= n; i += 1) factorial *= i;
  return Math.log(factorial) - (n + 0.5) * Math.log(n) + n - Math.log(2 * Math.PI) / 2;
}
