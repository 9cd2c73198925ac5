import { bootstrapDistribution } from './bootstrap-distribution.js';
import {
  bootstrapOptions,
  percentileInterval,
  type BootstrapOptions,
  type Interval,
} from './interval.js';
import { mapValues } from './map-values.js';
import { requireSameImages } from './metrics-error.js';
import { resampleCounts } from './resample-counts.js';
import type { Statistic } from './statistic.js';

/** An interval for a statistic of one evaluation set. */
export interface StatisticInterval extends Interval {
  /** Images that the statistic is about. */
  readonly images: number;
}

/**
 * Bootstrap intervals for any number of statistics of one evaluation set. All images of the set are
 * resampled, those that a statistic leaves out too, and every statistic sees the same resamples.
 *
 * @param statistics by name, all of the same images
 * @throws MetricsError `metrics-count-mismatch` when they are not
 */
export function bootstrap<K extends string>(
  statistics: Readonly<Record<K, Statistic>>,
  options: BootstrapOptions = {},
): Record<K, StatisticInterval> {
  const { seed, resamples, level } = bootstrapOptions(options);
  const draws = resampleCounts(commonImages(statistics), `${seed}/bootstrap`, resamples);
  const distributions = bootstrapDistribution(statistics, draws);
  return statisticIntervals(statistics, distributions, level);
}

/** The intervals of statistics, from what `bootstrapDistribution` gives. */
export function statisticIntervals<K extends string>(
  statistics: Readonly<Record<K, Statistic>>,
  distributions: Readonly<Record<K, Float64Array>>,
  level: number,
): Record<K, StatisticInterval> {
  return mapValues(statistics, (statistic, name) => ({
    ...percentileInterval(statistic.value(), distributions[name], level),
    images: statistic.included,
  }));
}

/** The number of images of the set that all statistics are of; 0 when there are none. */
export function commonImages(statistics: Readonly<Record<string, Statistic>>): number {
  const images = Object.values(statistics)[0]?.images ?? 0;
  mapValues(statistics, (statistic, name) => {
    requireSameImages(`the statistic "${name}"`, statistic.images, images);
  });
  return images;
}
