import { describe, expect, it } from '@jest/globals';
import { AbortedError } from '../../src/errors.js';
import { resampleStatistics } from '../../src/metrics/bootstrap.js';
import { bootstrapDistribution, meanStatistic, resampleCounts } from '../../src/metrics/index.js';

// Large enough for several slices of 30 ms
const values = Float64Array.from({ length: 50_000 }, (_, at) => at % 7);
const statistics = { a: meanStatistic(values), b: meanStatistic(values.map((value) => value * 2)) };
const options = { seed: '42/bootstrap', resamples: 100, stage: 'score' } as const;

describe('resampleStatistics', () => {
  it('gives the numbers of resampling in one go', async () => {
    const draws = resampleCounts(values.length, options.seed, options.resamples);
    const expected = bootstrapDistribution(statistics, draws);
    expect(await resampleStatistics(statistics, options)).toEqual(expected);
  });

  it('stops soon after it is told to', async () => {
    const controller = new AbortController();
    const work = resampleStatistics(statistics, {
      ...options,
      resamples: 100_000, // a minute's work
      signal: controller.signal,
    });
    setTimeout(() => {
      controller.abort();
    }, 1);
    await expect(work).rejects.toBeInstanceOf(AbortedError);
  });
});
