import { mapValues } from './map-values.js';
import { requireSameImages } from './metrics-error.js';
import type { ResampleCounts, Statistic } from './statistic.js';

/**
 * The values of several statistics of one evaluation set on the same resamples.
 *
 * @param resamples as `resampleCounts` yields them
 * @returns for each statistic one value a resample, in order; `NaN` where a resample drew none of the
 *   images that the statistic is about
 */
export function bootstrapDistribution<K extends string>(
  statistics: Readonly<Record<K, Statistic>>,
  resamples: Iterable<ResampleCounts>,
): Record<K, Float64Array> {
  const values = mapValues(statistics, (): number[] => []);
  for (const counts of resamples) {
    mapValues(statistics, ({ images, value }, name) => {
      requireSameImages(`a resample for "${name}"`, counts.length, images);
      return values[name].push(value(counts));
    });
  }
  return mapValues(values, (each) => Float64Array.from(each));
}
