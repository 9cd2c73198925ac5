import { invalid } from './metrics-error.js';

/**
 * Whether a correlation of the pairs can be computed: at least two, and no `NaN`.
 *
 * @throws MetricsError `metrics-count-mismatch` when the sides are not equally long
 */
export function canCorrelate(x: ArrayLike<number>, y: ArrayLike<number>): boolean {
  if (x.length !== y.length) {
    throw invalid('metrics-count-mismatch', 'the second metric', `${x.length} values`, y.length);
  }
  for (let at = 0; at < x.length; at += 1) {
    if (Number.isNaN(x[at]) || Number.isNaN(y[at])) return false;
  }
  return x.length > 1;
}
