import type { VariableTopKRule } from './accuracy.js';

/**
 * What a model would score on average that ranks `classes` classes at random, every order being
 * equally likely: the number to read a metric against. All are exact expectations, by the number of
 * labels k of an image, so the chance level of a mean over images is the mean of theirs.
 *
 * The h valid classes among the n highest are hypergeometric: n draws without replacement from
 * `classes`, k of which are valid, so that h is n k / classes on average.
 */

/** Of top-n accuracy against one original label, and of recall at n: n / classes. */
export function chanceOfTopN(n: number, classes: number): number {
  return Math.min(1, n / classes);
}

/**
 * Of variable top-k: `fraction` k / classes, which is also the chance of ReaL accuracy and of the
 * recall of an object; `any` 1 - C(classes - k, k) / C(classes, k); `exact` 1 / C(classes, k).
 *
 * @param k labels of the image, 1 to `classes`
 */
export function chanceOfVariableTopK(
  k: number,
  classes: number,
  rule: VariableTopKRule = 'fraction',
): number {
  if (rule === 'fraction') return k / classes;
  let [none, all] = [1, 1];
  for (let at = 0; at < k; at += 1) {
    none *= Math.max(0, classes - k - at) / (classes - at);
    all *= (k - at) / (classes - at);
  }
  return rule === 'any' ? 1 - none : all;
}

/** Precision, recall and F1 of the n highest classes at chance: h / n, h / k, 2h / (n + k). */
export function chanceOfPrecisionRecall(
  k: number,
  classes: number,
  n: number,
): { precision: number; recall: number; f1: number } {
  const found = k * chanceOfTopN(n, classes);
  return { precision: found / n, recall: found / k, f1: (2 * found) / (n + k) };
}

/**
 * Of average precision, over the classes of an image (then it is also the chance of label-ranking
 * average precision) or over the images of a class: with `relevant` of `ranked` things valid, a valid
 * one is at each rank r equally likely, with (relevant - 1) (r - 1) / (ranked - 1) others above it on
 * average. Sums to (H + (relevant - 1) (ranked - H) / (ranked - 1)) / ranked, with H the harmonic
 * number of `ranked`.
 *
 * @param relevant 1 to `ranked`
 */
export function chanceOfAveragePrecision(relevant: number, ranked: number): number {
  if (relevant === ranked) return 1;
  const harmonic = harmonicNumber(ranked);
  return (harmonic + ((relevant - 1) * (ranked - harmonic)) / (ranked - 1)) / ranked;
}

/** Of coverage error: the lowest of k valid classes is at rank k (classes + 1) / (k + 1) on average. */
export function chanceOfCoverageError(k: number, classes: number): number {
  return (k * (classes + 1)) / (k + 1);
}

/** Of ranking loss: half of the pairs, or none where every class is valid. */
export function chanceOfRankingLoss(k: number, classes: number): number {
  return k < classes ? 1 / 2 : 0;
}

/** 1 + 1/2 + ... + 1/n; above 10,000 by Euler and Maclaurin, exact to the last bits. */
function harmonicNumber(n: number): number {
  if (n > 10_000) return Math.log(n) + EULER + 1 / (2 * n) - 1 / (12 * n * n);
  let sum = 0;
  for (let at = n; at >= 1; at -= 1) sum += 1 / at;
  return sum;
}

/** The Euler-Mascheroni constant. */
const EULER = 0.577_215_664_901_532_9;
