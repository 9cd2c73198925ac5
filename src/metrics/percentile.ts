import { invalid } from './metrics-error.js';

/**
 * The value below which a share of the values lies, linearly interpolated between order statistics:
 * numpy's default (`method='linear'`; Hyndman and Fan 1996, type 7). `NaN` for no values.
 *
 * @param sorted ascending, without `NaN`
 * @param share 0 to 1
 */
export function percentile(sorted: Float64Array, share: number): number {
  if (!(share >= 0 && share <= 1)) {
    throw invalid('metrics-out-of-range', 'share', 'a number from 0 to 1', share);
  }
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}
