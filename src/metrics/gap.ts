import { bootstrapDistribution } from './bootstrap-distribution.js';
import { commonImages } from './bootstrap.js';
import {
  bootstrapOptions,
  percentileInterval,
  type BootstrapOptions,
  type Interval,
} from './interval.js';
import { mapValues } from './map-values.js';
import { resampleCounts } from './resample-counts.js';
import type { Statistic } from './statistic.js';

/** The gap (`estimate`: first minus second) with what it is between. */
export interface GapInterval extends Interval {
  readonly first: number;
  readonly second: number;
  /** Images that the two numbers are about. */
  readonly images: readonly [first: number, second: number];
}

type Sides<T> = Record<'first' | 'second', T>;

/**
 * The gaps of one model between two evaluation sets, first minus second, with intervals. The sets
 * have different images, so that each is resampled by itself.
 *
 * @param first by name, the model's statistics on one set
 * @param second on the other, under the same names
 */
export function gap<K extends string>(
  first: Readonly<Record<K, Statistic>>,
  second: Readonly<Record<K, Statistic>>,
  options: BootstrapOptions = {},
): Record<K, GapInterval> {
  const { seed, resamples, level } = bootstrapOptions(options);
  const [ofFirst, ofSecond] = [
    { statistics: first, name: 'first' },
    { statistics: second, name: 'second' },
  ].map(({ statistics, name }) =>
    bootstrapDistribution(
      statistics,
      resampleCounts(commonImages(statistics), `${seed}/gap/${name}`, resamples),
    ),
  ) as [Record<K, Float64Array>, Record<K, Float64Array>];
  return gapIntervals({ first, second }, { first: ofFirst, second: ofSecond }, level);
}

/** The gaps and their intervals, from what `bootstrapDistribution` gives for each of the two sets. */
export function gapIntervals<K extends string>(
  { first, second }: Sides<Readonly<Record<K, Statistic>>>,
  distributions: Sides<Readonly<Record<K, Float64Array>>>,
  level: number,
): Record<K, GapInterval> {
  return mapValues(first, (statistic, name) => {
    const values = { first: statistic.value(), second: second[name].value() };
    const [ofFirst, ofSecond] = [distributions.first[name], distributions.second[name]];
    const differences = ofFirst.map((value, resample) => value - ofSecond[resample]!);
    return {
      ...percentileInterval(values.first - values.second, differences, level),
      ...values,
      images: [statistic.included, second[name].included] as const,
    };
  });
}
