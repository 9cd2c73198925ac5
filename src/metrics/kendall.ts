import { canCorrelate } from './can-correlate.js';

/**
 * Kendall's tau-b, as `scipy.stats.kendalltau`: (concordant - discordant pairs) over the geometric
 * mean of the pairs not tied in x and those not tied in y, -1 to 1. `NaN` for fewer than two pairs,
 * when one side is constant, or with a `NaN` in it.
 *
 * Looks at every pair of models: 50,000 comparisons for 315 of them.
 *
 * @param x one metric, a value a model
 * @param y another, of the same models in the same order
 */
export function kendall(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (!canCorrelate(x, y)) return NaN;
  let balance = 0;
  let untiedX = 0;
  let untiedY = 0;
  for (let i = 1; i < x.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const [a, b] = [order(x[i]!, x[j]!), order(y[i]!, y[j]!)];
      balance += a * b;
      untiedX += a * a;
      untiedY += b * b;
    }
  }
  return balance / Math.sqrt(untiedX * untiedY);
}

function order(a: number, b: number): number {
  return a > b ? 1 : a < b ? -1 : 0;
}
