/**
 * P(X <= k) for X binomial with n trials of probability 1/2, with k at most n / 2; relative error
 * below 1e-11.
 *
 * The largest term comes from the log-gamma function, written as Stirling's formula and its
 * remainder so that the large parts cancel before they are computed (Loader 2000, "Fast and accurate
 * computation of binomial probabilities"); the terms below it each from the one before.
 */
export function binomialHalfTail(k: number, n: number): number {
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
