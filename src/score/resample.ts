import { setImmediate } from 'node:timers/promises';
import {
  bootstrapDistribution,
  commonImages,
  mapValues,
  resampleCounts,
  type ResampleCounts,
  type Statistic,
} from '../metrics/index.js';
import { throwIfAborted, type Stage, type StageOptions } from '../progress.js';

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
