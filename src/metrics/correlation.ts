import { invalid } from '../errors.js';

/**
 * Spearman's rank correlation, as `scipy.stats.spearmanr`: Pearson's correlation of the average
 * ranks, -1 to 1. `NaN` for fewer than two pairs, when one side is constant, or with a `NaN` in it.
 * Source: Spearman 1904.
 *
 * @param x one metric, one value per model
 * @param y another, of the same models in the same order
 * @throws MetricsError `metrics-count-mismatch` when the two are not equally long
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

/** Ranks from 1, equal values sharing the mean of theirs: scipy's `rankdata` default. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, at) => at);
  order.sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end += 1;
    for (let at = start; at < end; at += 1) ranks[order[at]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/**
 * Whether a correlation of the pairs can be computed: at least two, and no `NaN`.
 *
 * @throws MetricsError `metrics-count-mismatch` when the sides are not equally long
 */
function canCorrelate(x: ArrayLike<number>, y: ArrayLike<number>): boolean {
  if (x.length !== y.length) {
    throw invalid('metrics-count-mismatch', 'the second metric', `${x.length} values`, y.length);
  }
  for (let at = 0; at < x.length; at += 1) {
    if (Number.isNaN(x[at]) || Number.isNaN(y[at])) return false;
  }
  return x.length > 1;
}

/**
 * Kendall's tau-b, as `scipy.stats.kendalltau`: (concordant - discordant pairs) over the geometric
 * mean of the pairs not tied in x and those not tied in y, -1 to 1. `NaN` for fewer than two pairs,
 * when one side is constant, or with a `NaN` in it. Source: Kendall 1945.
 *
 * Looks at every pair of models: 50,000 comparisons for 315 of them.
 *
 * @param x one metric, one value per model
 * @param y another, of the same models in the same order
 * @throws MetricsError `metrics-count-mismatch` when the two are not equally long
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
