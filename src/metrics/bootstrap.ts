import { setImmediate } from 'node:timers/promises';
import { invalid, requireInteger, requireSameImages } from '../errors.js';
import { type Stage, type StageOptions, throwIfAborted } from '../progress.js';
import { openGenerator } from '../random.js';
import type { ResampleCounts, Statistic } from './statistic.js';

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

/** An estimate with its bootstrap percentile interval. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** The interval's nominal coverage, such as 0.95. */
  readonly level: number;
  /** Resamples that the interval was read off: those on which the statistic had a value. */
  readonly resamples: number;
}

/** How to resample. */
export interface BootstrapOptions {
  /** Default 0. The same seed gives the same intervals on every machine. */
  readonly seed?: number | string;
  /** Default 1,000; at least 1. */
  readonly resamples?: number;
  /** Default 0.95; above 0, below 1. */
  readonly level?: number;
}

/** The options with their defaults. @throws MetricsError for those out of range */
export function bootstrapOptions(options: BootstrapOptions): Required<BootstrapOptions> {
  const level = options.level ?? 0.95;
  if (!(level > 0 && level < 1)) {
    throw invalid('metrics-out-of-range', 'level', 'a number above 0 and below 1', level);
  }
  const resamples = options.resamples ?? 1000;
  requireInteger('resamples', resamples, 1);
  return { seed: options.seed ?? 0, resamples, level };
}

/**
 * The percentile interval (Efron and Tibshirani 1993, chapter 13).
 *
 * @param distribution the statistic on each resample, in any order; `NaN` ones are left out
 */
export function percentileInterval(
  estimate: number,
  distribution: Float64Array,
  level: number,
): Interval {
  const sorted = distribution.filter((value) => !Number.isNaN(value)).sort();
  return {
    estimate,
    low: percentile(sorted, (1 - level) / 2),
    high: percentile(sorted, (1 + level) / 2),
    level,
    resamples: sorted.length,
  };
}

/** The same names with other values. */
export function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  change: (value: A, name: K) => B,
): Record<K, B> {
  const names = Object.keys(record) as K[];
  return Object.fromEntries(names.map((name) => [name, change(record[name], name)])) as Record<
    K,
    B
  >;
}

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

/**
 * Bootstrap resamples of a set of images: each draws as many images as there are, with replacement.
 * Resample r depends on the seed and r alone, so that 1,000 resamples begin with the same 100.
 *
 * @param seed what the draws are for, such as `"0/bootstrap"`
 * @yields the counts of one resample, in an array that the next one overwrites
 */
export function* resampleCounts(
  images: number,
  seed: string,
  resamples: number,
): Generator<ResampleCounts, void, undefined> {
  requireInteger('images', images, 0);
  requireInteger('resamples', resamples, 1);
  const counts = new Uint16Array(images);
  for (let resample = 0; resample < resamples; resample += 1) {
    const random = openGenerator(`${seed}/resample=${resample}`);
    counts.fill(0);
    // `| 0` rounds down: there are fewer than 2^31 images.
    for (let draw = 0; draw < images; draw += 1) counts[(random() * images) | 0]! += 1;
    yield counts;
  }
}

/** After so many milliseconds it is looked whether the work is to stop. */
const SLICE = 30;

/** How to resample. */
interface ResampleOptions extends Pick<StageOptions, 'signal'> {
  /** What the draws are for, such as `42/bootstrap`. */
  seed: string;
  resamples: number;
  stage: Stage;
}

/**
 * The values of statistics on resamples of their images: those of `bootstrapDistribution`, taken in
 * slices, between which a signal is seen.
 *
 * @param statistics by name, all of the same images
 * @throws MetricsError `metrics-count-mismatch` when they are not
 * @throws AbortedError
 */
export async function resampleStatistics<K extends string>(
  statistics: Readonly<Record<K, Statistic>>,
  { seed, resamples, signal, stage }: ResampleOptions,
): Promise<Record<K, Float64Array>> {
  const draws = resampleCounts(commonImages(statistics), seed, resamples);
  const values = mapValues(statistics, () => new Float64Array(resamples));
  for (let done = 0; done < resamples;) {
    const { counted, taken } = slice(draws);
    const part = bootstrapDistribution(statistics, counted);
    mapValues(part, (each, name) => {
      values[name].set(each, done);
    });
    done += taken();
    await setImmediate();
    throwIfAborted(signal, stage);
  }
  return values;
}

/** The next draws, until {@link SLICE} is over, and how many they were. */
function slice(draws: Iterator<ResampleCounts>): {
  counted: Iterable<ResampleCounts>;
  taken: () => number;
} {
  const until = performance.now() + SLICE;
  let taken = 0;
  function* take(): Generator<ResampleCounts> {
    do {
      const next = draws.next();
      if (next.done === true) return;
      taken += 1;
      yield next.value;
    } while (performance.now() < until);
  }
  return { counted: take(), taken: () => taken };
}
