import { describe, expect, it } from '@jest/globals';
import { AbortedError } from '../../src/errors.js';
import {
  asmaStatistic,
  bootstrapDistribution,
  meanStatistic,
  percentileInterval,
  resampleCounts,
  type ResampleCounts,
  type Statistic,
  subgroupStatistics,
} from '../../src/metrics/index.js';
import { resample } from '../../src/metrics/resample.js';
import { distance, labelsOfCounts, perImage, reference } from './reference.js';

/** The counts of resamples that are given as the images drawn. */
function* countsOf(draws: readonly number[][]): Generator<ResampleCounts> {
  for (const drawn of draws) {
    const counts = new Uint16Array(drawn.length);
    for (const image of drawn) counts[image]! += 1;
    yield counts;
  }
}

function takeCounts(images: number, seed: string, resamples: number): number[][] {
  return Array.from(resampleCounts(images, seed, resamples), (counts) => [...counts]);
}

describe('resampleCounts', () => {
  it('draws as many images as there are', () => {
    for (const counts of takeCounts(50, 'a', 20)) {
      expect(counts.reduce((sum, count) => sum + count)).toBe(50);
    }
  });

  it('depends on the seed and the number of the resample alone', () => {
    const ten = takeCounts(50, 'a', 10);
    expect(takeCounts(50, 'a', 4)).toEqual(ten.slice(0, 4));
    expect(takeCounts(50, 'b', 10)).not.toEqual(ten);
    expect(new Set(ten.map((counts) => counts.join())).size).toBe(10);
  });

  it('draws every image equally often', () => {
    const totals = new Float64Array(20);
    for (const counts of takeCounts(20, 'a', 5000)) counts.forEach((n, at) => (totals[at]! += n));
    // Binomial with 100,000 draws of 1/20: mean 5,000, standard deviation 69
    for (const total of totals) expect(Math.abs(total - 5000)).toBeLessThan(5 * 69);
  });

  it('keeps its draws from one version to the next', () => {
    expect(takeCounts(8, '0/bootstrap', 2)).toEqual([
      [3, 0, 1, 1, 0, 1, 1, 1],
      [0, 1, 0, 2, 2, 1, 1, 1],
    ]);
  });
});

describe('bootstrapDistribution', () => {
  const { counts, first, second, draws, on_draws: expected, percentiles } = reference.bootstrap;
  const labels = labelsOfCounts(counts);
  const [a, b] = [perImage(first), perImage(second)];
  const ofDifference = (x: Statistic, y: Statistic): Statistic => ({
    ...x,
    value: (drawn) => x.value(drawn) - y.value(drawn),
  });
  const found = bootstrapDistribution(
    {
      mean: meanStatistic(a),
      asma: asmaStatistic(a, labels),
      asma_difference: ofDifference(asmaStatistic(a, labels), asmaStatistic(b, labels)),
    },
    countsOf(draws),
  );

  it.each(['mean', 'asma', 'asma_difference'] as const)(
    'recomputes the %s on each stored resample as numpy does',
    (name) => {
      expect(distance(found[name], expected[name])).toBeLessThan(1e-12);
      const { low, high } = percentileInterval(0, found[name], 0.95);
      expect(distance([low, high], percentiles[name])).toBeLessThan(1e-12);
    },
  );

  it('recomputes each A_k, which has no value where a resample has no such image', () => {
    const groups = bootstrapDistribution(subgroupStatistics(a, labels), countsOf(draws));
    ['1', '2', '3', '4', '5', '>5'].forEach((group, at) => {
      const numpy = expected.subgroups.map((means) => means[at]!);
      expect(distance(groups[group]!, numpy)).toBeLessThan(1e-12);
    });
    expect(expected.subgroups.flat()).toContain(null);
  });

  it('refuses resamples of another number of images', () => {
    const statistics = { mean: meanStatistic(Float64Array.of(1, 2, 3)) };
    expect(() => bootstrapDistribution(statistics, countsOf([[0, 1]]))).toThrow(
      'expected 3 images for a resample for "mean", got 2',
    );
  });
});

// Large enough for several slices of 10 ms
const values = Float64Array.from({ length: 50_000 }, (_, at) => at % 7);
const statistics = { a: meanStatistic(values), b: meanStatistic(values.map((value) => value * 2)) };
const options = { resamples: 100, stage: 'score' } as const;

describe('resample', () => {
  it('gives the numbers of resampling in one go', async () => {
    const draws = resampleCounts(values.length, '42/bootstrap', options.resamples);
    const expected = bootstrapDistribution(statistics, draws);
    const [found] = await resample([statistics], '42/bootstrap', options);
    expect(found!.a.distribution).toEqual(expected.a);
    expect(found!.b.distribution).toEqual(expected.b);
    expect(found!.b).toMatchObject({ estimate: statistics.b.value(), images: 50_000 });
  });

  it('takes many metrics at once as one by one, to the last bit', async () => {
    // Sums of thirds, sevenths, ... depend on their order; every third metric leaves out others.
    const metrics = Array.from({ length: 20 }, (_, m) =>
      Float64Array.from({ length: 500 }, (_, at) =>
        m % 3 === 0 && at % (m + 2) === 0 ? NaN : ((at * 31) % (m + 3)) / (m + 3),
      ),
    );
    metrics.push(metrics[4]!.slice(), metrics[4]!.fill(NaN, 0, 499));
    const all = Object.fromEntries(metrics.map((each, m) => [`m${m}`, meanStatistic(each)]));
    const [found] = await resample([all], '42/bootstrap', options);
    const expected = bootstrapDistribution(all, resampleCounts(500, '42/bootstrap', 100));
    for (const [name, { distribution }] of Object.entries(found!)) {
      expect(distribution).toEqual(expected[name]);
    }
    expect(Object.values(found!)).toHaveLength(22);
  });

  it('draws the images of a cluster together', async () => {
    // images 0 to 2 are one cluster, 3 and 4 the other: each is drawn 0, 1 or 2 times
    const clusters = Uint32Array.from([0, 0, 0, 1, 1]);
    const drawn: number[][] = [];
    const watched: Statistic = {
      images: 5,
      included: 2,
      clusters,
      value: (counts) => drawn.push(counts ? [...counts] : [1, 1, 1, 1, 1]),
    };
    const apart = meanStatistic(Float64Array.from([0, 1, 2, 3, 4]));
    const [found] = await resample([{ watched, apart }], '42/bootstrap', options);
    const kinds = new Set(drawn.map((counts) => counts.join()));
    expect([...kinds].sort()).toEqual(['0,0,0,2,2', '1,1,1,1,1', '2,2,2,0,0']);
    // the others see the resamples that they would see alone
    const alone = bootstrapDistribution({ apart }, resampleCounts(5, '42/bootstrap', 100));
    expect(found!.apart.distribution).toEqual(alone.apart);
  });

  it('takes the value of a statistic that was made of another', async () => {
    const half = {
      ...statistics.a,
      value: (counts?: ResampleCounts) => statistics.a.value(counts) / 2,
    };
    const [found] = await resample([{ a: statistics.a, half }], '42/bootstrap', options);
    expect(found!.half.distribution).toEqual(found!.a.distribution.map((value) => value / 2));
  });

  it('takes every model on the same resamples', async () => {
    const [both] = await resample([statistics], '42/bootstrap', options);
    const { a, b } = statistics;
    const [first, second] = await resample([{ a }, { a: b }], '42/bootstrap', options);
    expect(first!.a).toEqual(both!.a);
    expect(second!.a).toEqual(both!.b);
  });

  it('stops soon after it is told to', async () => {
    const controller = new AbortController();
    const work = resample([statistics], '42/bootstrap', {
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
