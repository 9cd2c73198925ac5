import { requireInteger, requireSameImages } from '../errors.js';
import { letSignalIn, type Stage, type StageOptions } from '../progress.js';
import { openGenerator } from '../random.js';
import type { ResampleCounts, Statistic } from './statistic.js';

/** A statistic, on the images as they are and on each resample of them. */
export interface Resampled {
  readonly estimate: number;
  /** Images that the statistic is about. */
  readonly images: number;
  /** One value a resample; `NaN` where it drew none of the statistic's images. */
  readonly distribution: Float64Array;
}

/** How to draw resamples. */
export interface ResampleOptions extends Pick<StageOptions, 'signal'> {
  resamples: number;
  /** What an `AbortedError` names. */
  stage: Stage;
}

/** Statistics by name, some of which may be absent. */
export type Statistics = Readonly<Partial<Record<string, Statistic>>>;

/**
 * Takes the statistics of several models on the same resamples of their common images. The event
 * loop runs on while this works, and a signal stops it.
 *
 * @param draws what the draws are for, such as `42/bootstrap`; names them with the resample's number
 * @throws MetricsError `metrics-count-mismatch` when the statistics are not of the same images
 * @throws AbortedError
 */
export async function resample<S extends Statistics>(
  models: readonly S[],
  draws: string,
  { resamples, signal, stage }: ResampleOptions,
): Promise<{ [K in keyof S]: Resampled }[]> {
  const all: Record<string, Statistic> = {};
  for (const [at, statistics] of models.entries()) {
    for (const [name, statistic] of Object.entries(statistics)) {
      if (statistic) all[`${at}/${name}`] = statistic;
    }
  }
  const values = mapValues(all, () => new Float64Array(resamples));
  const counts = resampleCounts(commonImages(models), draws, resamples);
  for (let done = 0; done < resamples;) {
    const { drawn, taken } = slice(counts);
    const part = bootstrapDistribution(all, drawn);
    mapValues(part, (each, name) => {
      values[name]!.set(each, done);
    });
    done += taken();
    await letSignalIn(signal, stage);
  }
  return models.map((statistics, at) =>
    mapValues(statistics as Readonly<Record<string, Statistic>>, (statistic, name) => ({
      estimate: statistic.value(),
      images: statistic.included,
      distribution: values[`${at}/${name}`]!,
    })),
  ) as { [K in keyof S]: Resampled }[];
}

/** The number of images of the set that all statistics are of; 0 when there are none. */
function commonImages(models: readonly Statistics[]): number {
  const named = models.flatMap((statistics) => Object.entries(statistics));
  const images = named[0]?.[1]?.images ?? 0;
  for (const [name, statistic] of named) {
    if (statistic) requireSameImages(`the statistic "${name}"`, statistic.images, images);
  }
  return images;
}

/** After so many milliseconds the event loop gets its turn. */
const SLICE = 30;

/** The next draws, until {@link SLICE} is over, and how many they were. */
function slice(counts: Iterator<ResampleCounts>): {
  drawn: Iterable<ResampleCounts>;
  taken: () => number;
} {
  const until = performance.now() + SLICE;
  let taken = 0;
  function* take(): Generator<ResampleCounts> {
    do {
      const next = counts.next();
      if (next.done === true) return;
      taken += 1;
      yield next.value;
    } while (performance.now() < until);
  }
  return { drawn: take(), taken: () => taken };
}

/**
 * The values of several statistics of one evaluation set on the same resamples.
 *
 * @param resamples as {@link resampleCounts} yields them
 * @returns for each statistic one value a resample, in order; `NaN` where a resample drew none of the
 *   images that the statistic is about
 * @throws MetricsError `metrics-count-mismatch` for resamples of another number of images
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

/**
 * Bootstrap resamples of a set of images: each draws as many images as there are, with replacement.
 * Resample r depends on the seed and r alone, so that 1,000 resamples begin with the same 100.
 *
 * Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 6.
 *
 * @param images 0 or more
 * @param seed what the draws are for, such as `"42/bootstrap"`
 * @param resamples 1 or more
 * @yields the counts of one resample, in an array that the next one overwrites
 * @throws MetricsError `metrics-out-of-range`
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
