import { averageRanks } from './average-ranks.js';
import { canCorrelate } from './can-correlate.js';

/**
 * Spearman's rank correlation, as `scipy.stats.spearmanr`: Pearson's correlation of the average
 * ranks, -1 to 1. `NaN` for fewer than two pairs, when one side is constant, or with a `NaN` in it.
 *
 * @param x one metric, a value a model
 * @param y another, of the same models in the same order
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (!canCorrelate(x, y)) return NaN;
  const [a, b] = [averageRanks(x), averageRanks(y)];
  const mean = (x.length + 1) / 2;
  let covariance = 0;
  let spreadA = 0;
  let spreadB = 0;
  for (let at = 0; at < x.length; at += 1) {
    const [da, db] = [a[at]! - mean, b[at]! - mean];
    covariance += da * db;
    spreadA += da * da;
    spreadB += db * db;
  }
  return covariance / Math.sqrt(spreadA * spreadB);
}
