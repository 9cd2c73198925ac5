import { describe, expect, it } from '@jest/globals';
import seedrandom from 'seedrandom';
import {
  asmaStatistic,
  averagePrecision,
  bootstrap,
  bootstrapDistribution,
  gap,
  labelSet,
  meanStatistic,
  MetricsError,
  pairedBootstrap,
  percentileInterval,
  resampleCounts,
  type ResampleCounts,
  scoreMatrix,
  type Statistic,
  subgroupStatistics,
} from '../../src/metrics/index.js';
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

const { counts, first, second, other } = reference.intervals;
const labels = labelsOfCounts(counts);
const [a, b] = [perImage(first), perImage(second)];

/** Both ends within a tenth of the interval's width: 1,000 resamples against scipy's 20,000. */
function expectCloseTo(got: { low: number; high: number }, [low, high]: [number, number]): void {
  expect(Math.abs(got.low - low)).toBeLessThan((high - low) / 10);
  expect(Math.abs(got.high - high)).toBeLessThan((high - low) / 10);
}

describe('bootstrap', () => {
  const statistics = { mean: meanStatistic(a), asma: asmaStatistic(a, labels) };
  const intervals = bootstrap(statistics, { seed: 1 });

  it('finds the intervals that scipy finds', () => {
    expectCloseTo(intervals.mean, reference.intervals.mean);
    expectCloseTo(intervals.asma, reference.intervals.asma);
  });

  it('says what the interval is of', () => {
    expect(intervals.mean).toMatchObject({
      estimate: statistics.mean.value(),
      level: 0.95,
      resamples: 1000,
      images: 400,
    });
  });

  it('is the same for the same seed, and another for another', () => {
    expect(bootstrap(statistics, { seed: 1 })).toEqual(intervals);
    expect(bootstrap(statistics, { seed: 2 }).mean.low).not.toBe(intervals.mean.low);
    expect(bootstrap(statistics)).toEqual(bootstrap(statistics, { seed: 0 }));
  });

  it('gives a statistic the same interval whatever others are asked for', () => {
    expect(bootstrap({ asma: statistics.asma }, { seed: 1 }).asma).toEqual(intervals.asma);
  });

  it('widens with the level', () => {
    const wide = bootstrap(statistics, { seed: 1, level: 0.99 });
    expect(wide.mean.low).toBeLessThan(intervals.mean.low);
    expect(wide.mean.high).toBeGreaterThan(intervals.mean.high);
  });

  it('leaves out the images without a score, on every resample', () => {
    const { mean } = bootstrap({ mean: meanStatistic(perImage([1, null, 1, null, 1])) });
    expect(mean).toMatchObject({ estimate: 1, low: 1, high: 1, images: 3 });
    // All five draws on the two left-out images: (2/5)^5, about 1% of the resamples
    expect(mean.resamples).toBeGreaterThan(970);
    expect(mean.resamples).toBeLessThan(1000);
  });

  it('covers the true mean about as often as it says', () => {
    const random = seedrandom.alea('coverage');
    const sets = 200;
    let covered = 0;
    for (let set = 0; set < sets; set += 1) {
      const values = Float64Array.from({ length: 100 }, () => (random() < 0.7 ? 1 : 0));
      const { mean } = bootstrap({ mean: meanStatistic(values) }, { seed: set, resamples: 300 });
      if (mean.low <= 0.7 && 0.7 <= mean.high) covered += 1;
    }
    // Around 0.94 for 100 images; the standard deviation over 200 sets is 0.017
    expect(covered / sets).toBeGreaterThan(0.9);
    expect(covered / sets).toBeLessThan(0.98);
  });

  it('takes any statistic, such as the macro average precision of a small set', () => {
    const scores = scoreMatrix(Float64Array.of(3, 1, 1, 2, 2, 3, 4, 0), 2);
    const sets = labelSet([[0], [1], [0], [0, 1]], 2);
    const macro: Statistic = {
      images: 4,
      included: 4,
      value: (drawn) => averagePrecision(scores, sets, drawn).macro,
    };
    const { map } = bootstrap({ map: macro }, { resamples: 200 });
    expect(map.estimate).toBe(averagePrecision(scores, sets).macro);
    expect(map.low).toBeLessThan(map.estimate);
    expect(map.high).toBe(1);
  });

  it('has no interval for what has no images', () => {
    expect(bootstrap({ mean: meanStatistic(perImage([null])) }).mean).toMatchObject({
      estimate: NaN,
      low: NaN,
      high: NaN,
      resamples: 0,
      images: 0,
    });
    expect(bootstrap({})).toEqual({});
  });

  it.each([{ level: 0 }, { level: 1 }, { level: NaN }, { resamples: 0 }, { resamples: 1.5 }])(
    'refuses %p',
    (options) => {
      expect(() => bootstrap(statistics, options)).toThrow(MetricsError);
    },
  );

  it('refuses statistics of different sets', () => {
    expect(() => bootstrap({ ...statistics, short: meanStatistic(perImage([1])) })).toThrow(
      'expected 400 images for the statistic "short", got 1',
    );
  });
});

describe('pairedBootstrap', () => {
  it('finds the interval of the difference that scipy finds', () => {
    const { mean } = pairedBootstrap({ mean: meanStatistic(a) }, { mean: meanStatistic(b) });
    expectCloseTo(mean, reference.intervals.difference);
    expect(mean.estimate).toBe(meanStatistic(a).value() - meanStatistic(b).value());
  });

  it('finds no difference between a model and itself', () => {
    const asma = { asma: asmaStatistic(a, labels) };
    expect(pairedBootstrap(asma, asma).asma).toMatchObject({ estimate: 0, low: 0, high: 0 });
  });

  it('turns its signs with the models', () => {
    const [x, y] = [{ asma: asmaStatistic(a, labels) }, { asma: asmaStatistic(b, labels) }];
    const [forth, back] = [pairedBootstrap(x, y).asma, pairedBootstrap(y, x).asma];
    expect(back.estimate).toBe(-forth.estimate);
    expect(back.low).toBeCloseTo(-forth.high, 14);
    expect(back.high).toBeCloseTo(-forth.low, 14);
  });

  it.each([
    ['another number of images', perImage([1, 0])],
    ['other images left out', perImage([1, 0, null])],
  ])('refuses models with %s', (_, values) => {
    const [x, y] = [meanStatistic(perImage([1, 0, 1])), meanStatistic(values)];
    expect(() => pairedBootstrap({ x }, { x: y })).toThrow(MetricsError);
  });
});

describe('gap', () => {
  it('finds the interval between two sets that scipy finds', () => {
    const [x, y] = [meanStatistic(a), meanStatistic(perImage(other))];
    const { mean } = gap({ mean: x }, { mean: y });
    expectCloseTo(mean, reference.intervals.gap);
    expect(mean).toMatchObject({
      estimate: x.value() - y.value(),
      first: x.value(),
      second: y.value(),
      images: [400, 250],
    });
  });

  it('resamples each set by itself: a set against itself has a gap of 0 with an interval', () => {
    const x = { mean: meanStatistic(a) };
    const { mean } = gap(x, x);
    expect(mean.estimate).toBe(0);
    expect(mean.low).toBeLessThan(0);
    expect(mean.high).toBeGreaterThan(0);
    // sqrt(2) times as wide as one set's interval, within a tenth
    const one = bootstrap(x).mean;
    const ratio = (mean.high - mean.low) / (one.high - one.low) / Math.SQRT2;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
  });

  it('is the same for the same seed', () => {
    const [x, y] = [{ mean: meanStatistic(a) }, { mean: meanStatistic(perImage(other)) }];
    expect(gap(x, y, { seed: 5 })).toEqual(gap(x, y, { seed: 5 }));
    expect(gap(x, y, { seed: 6 }).mean.low).not.toBe(gap(x, y, { seed: 5 }).mean.low);
  });
});
