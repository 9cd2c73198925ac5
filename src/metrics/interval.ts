import { invalid, requireInteger } from './metrics-error.js';
import { percentile } from './percentile.js';

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
