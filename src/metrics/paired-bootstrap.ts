import { bootstrap, type StatisticInterval } from './bootstrap.js';
import type { BootstrapOptions } from './interval.js';
import { mapValues } from './map-values.js';
import { requireSameImages } from './metrics-error.js';
import type { Statistic } from './statistic.js';

/**
 * The difference between two models on one evaluation set, first minus second, with an interval:
 * both are taken on the same resampled images, so that how hard those are cancels out.
 *
 * @param first by name, one model's statistics
 * @param second the other's, under the same names and of the same images
 * @throws MetricsError `metrics-count-mismatch` when the two are not of the same images
 */
export function pairedBootstrap<K extends string>(
  first: Readonly<Record<K, Statistic>>,
  second: Readonly<Record<K, Statistic>>,
  options: BootstrapOptions = {},
): Record<K, StatisticInterval> {
  const differences = mapValues(first, (mine, name): Statistic => {
    const { images, included, value } = second[name];
    requireSameImages(`"${name}" of the second model`, images, mine.images);
    requireSameImages(`"${name}" of the second model`, included, mine.included);
    return { ...mine, value: (counts) => mine.value(counts) - value(counts) };
  });
  return bootstrap(differences, options);
}
