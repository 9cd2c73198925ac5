import { describe, expect, it } from '@jest/globals';
import seedrandom from 'seedrandom';
import {
  asmaStatistic,
  averagePrecision,
  bootstrap,
  gap,
  labelSet,
  meanStatistic,
  MetricsError,
  pairedBootstrap,
  percentile,
  percentileInterval,
  scoreMatrix,
  type Statistic,
  subgroupStatistics,
} from '../../src/metrics/index.js';
import { labelsOfCounts, perImage, reference } from './reference.js';

const { counts, first, second, other } = reference.intervals;
const labels = labelsOfCounts(counts);
const [a, b] = [perImage(first), perImage(second)];

/** Both ends within a tenth of the interval's width: 1,000 resamples against scipy's 20,000. */
function expectCloseTo(got: { low: number; high: number }, [low, high]: [number, number]): void {
  expect(Math.abs(got.low - low)).toBeLessThan((high - low) / 10);
  expect(Math.abs(got.high - high)).toBeLessThan((high - low) / 10);
}

const statistics = { mean: meanStatistic(a), asma: asmaStatistic(a, labels) };
const intervals = await bootstrap(statistics, { seed: 1 });

describe('bootstrap', () => {
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

  it('is the same for the same seed, and another for another', async () => {
    expect(await bootstrap(statistics, { seed: 1 })).toEqual(intervals);
    const other = await bootstrap(statistics, { seed: 2 });
    expect(other.mean.low).not.toBe(intervals.mean.low);
    expect(await bootstrap(statistics)).toEqual(await bootstrap(statistics, { seed: '42' }));
    expect(await bootstrap(statistics)).toEqual(await bootstrap(statistics, { seed: 42 }));
  });

  it('gives a statistic the same interval whatever others are asked for', async () => {
    const { asma } = await bootstrap({ asma: statistics.asma }, { seed: 1 });
    expect(asma).toEqual(intervals.asma);
  });

  it('widens with the level', async () => {
    const wide = await bootstrap(statistics, { seed: 1, level: 0.99 });
    expect(wide.mean.low).toBeLessThan(intervals.mean.low);
    expect(wide.mean.high).toBeGreaterThan(intervals.mean.high);
  });

  it('leaves out the images without a score, on every resample', async () => {
    const { mean } = await bootstrap(
      { mean: meanStatistic(perImage([1, null, 1, null, 1])) },
      { minImages: 1 },
    );
    expect(mean).toMatchObject({ estimate: 1, low: 1, high: 1, images: 3 });
    // All five draws on the two left-out images: (2/5)^5, about 1% of the resamples
    expect(mean.resamples).toBeGreaterThan(970);
    expect(mean.resamples).toBeLessThan(1000);
  });

  it('covers the true mean about as often as it says', async () => {
    const random = seedrandom.alea('coverage');
    const sets = 200;
    let covered = 0;
    for (let set = 0; set < sets; set += 1) {
      const values = Float64Array.from({ length: 100 }, () => (random() < 0.7 ? 1 : 0));
      const { mean } = await bootstrap(
        { mean: meanStatistic(values) },
        { seed: set, resamples: 300 },
      );
      if (mean.low <= 0.7 && 0.7 <= mean.high) covered += 1;
    }
    // Around 0.94 for 100 images; the standard deviation over 200 sets is 0.017
    expect(covered / sets).toBeGreaterThan(0.9);
    expect(covered / sets).toBeLessThan(0.98);
  });

  it('takes any statistic, such as the macro average precision of a small set', async () => {
    const scores = scoreMatrix(Float64Array.of(3, 1, 1, 2, 2, 3, 4, 0), 2);
    const sets = labelSet([[0], [1], [0], [0, 1]], 2);
    const macro: Statistic = {
      images: 4,
      included: 4,
      value: (drawn) => averagePrecision(scores, sets, drawn).macro,
    };
    const { map } = await bootstrap({ map: macro }, { resamples: 200, minImages: 1 });
    expect(map.estimate).toBe(averagePrecision(scores, sets).macro);
    expect(map.low).toBeLessThan(map.estimate);
    expect(map.high).toBe(1);
  });

  it('has no interval for fewer than 20 images, unless it is asked for', async () => {
    const of = (images: number): { mean: Statistic } => ({
      mean: meanStatistic(Float64Array.from({ length: images }, (_, at) => at % 2)),
    });
    const nineteen = await bootstrap(of(19));
    expect(nineteen.mean).toMatchObject({ estimate: 9 / 19, low: NaN, high: NaN, images: 19 });
    expect((await bootstrap(of(20))).mean.low).toBeLessThan(0.5);
    expect((await bootstrap(of(19), { minImages: 1 })).mean.low).toBeLessThan(0.5);
    expect((await pairedBootstrap(of(19), of(19))).mean.low).toBeNaN();
    expect((await gap(of(40), of(19))).mean).toMatchObject({ low: NaN, images: [40, 19] });
  });

  it('resamples A_k and ASMA within the subgroups, so that none is ever empty', async () => {
    // Two images with three labels among 1,000: all images together would draw neither in 13.5%
    // of the resamples, (1 - 2/1000)^1000
    const sizes = Array.from({ length: 1000 }, (_, at) => (at < 2 ? 3 : 1));
    const values = Float64Array.from(sizes, (k, at) => (k === 3 ? at : 0.5));
    const set = labelsOfCounts(sizes);
    const made = await bootstrap(
      { asma: asmaStatistic(values, set), a3: subgroupStatistics(values, set)['3']! },
      { minImages: 1 },
    );
    expect([made.asma.resamples, made.a3.resamples]).toEqual([1000, 1000]);
    // A_3 of a resample is 0, 1/2 or 1 (of 1/4, 1/2, 1/4), and ASMA half of it and of 0.5
    expect(made.a3).toMatchObject({ estimate: 0.5, low: 0, high: 1, images: 2 });
    expect(made.asma).toMatchObject({ estimate: 0.5, low: 0.25, high: 0.75, images: 1000 });
  });

  it('draws a subgroup alike whatever other subgroups there are', async () => {
    const sizes = Array.from({ length: 90 }, (_, at) => 1 + (at % 3));
    const values = Float64Array.from(sizes, (_, at) => (at * 37) % 101);
    const a2 = async (maxGroup: number) =>
      (await bootstrap(subgroupStatistics(values, labelsOfCounts(sizes), { maxGroup })))['2']!;
    expect(await a2(5)).toEqual(await a2(2));
  });

  it('has no interval for what has no images', async () => {
    const { mean } = await bootstrap({ mean: meanStatistic(perImage([null])) });
    expect(mean).toMatchObject({
      estimate: NaN,
      low: NaN,
      high: NaN,
      resamples: 0,
      images: 0,
    });
    expect(await bootstrap({})).toEqual({});
  });

  it.each([{ level: 0 }, { level: 1 }, { level: NaN }, { resamples: 0 }, { resamples: 1.5 }])(
    'refuses %p',
    async (options) => {
      await expect(bootstrap(statistics, options)).rejects.toThrow(MetricsError);
    },
  );

  it('refuses statistics of different sets', async () => {
    const mixed = { ...statistics, short: meanStatistic(perImage([1])) };
    await expect(bootstrap(mixed)).rejects.toThrow(
      'expected 400 images for the statistic "short", got 1',
    );
  });
});

describe('pairedBootstrap', () => {
  it('finds the interval of the difference that scipy finds', async () => {
    const { mean } = await pairedBootstrap({ mean: meanStatistic(a) }, { mean: meanStatistic(b) });
    expectCloseTo(mean, reference.intervals.difference);
    expect(mean.estimate).toBe(meanStatistic(a).value() - meanStatistic(b).value());
  });

  it('finds no difference between a model and itself', async () => {
    const asma = { asma: asmaStatistic(a, labels) };
    const difference = await pairedBootstrap(asma, asma);
    expect(difference.asma).toMatchObject({ estimate: 0, low: 0, high: 0 });
  });

  it('turns its signs with the models', async () => {
    const [x, y] = [{ asma: asmaStatistic(a, labels) }, { asma: asmaStatistic(b, labels) }];
    const { asma: forth } = await pairedBootstrap(x, y);
    const { asma: back } = await pairedBootstrap(y, x);
    expect(back.estimate).toBe(-forth.estimate);
    expect(back.low).toBeCloseTo(-forth.high, 14);
    expect(back.high).toBeCloseTo(-forth.low, 14);
  });

  it.each([
    ['another number of images', perImage([1, 0])],
    ['other images left out', perImage([1, 0, null])],
  ])('refuses models with %s', async (_, values) => {
    const [x, y] = [meanStatistic(perImage([1, 0, 1])), meanStatistic(values)];
    await expect(pairedBootstrap({ x }, { x: y })).rejects.toThrow(MetricsError);
  });
});

describe('gap', () => {
  it('finds the interval between two sets that scipy finds', async () => {
    const [x, y] = [meanStatistic(a), meanStatistic(perImage(other))];
    const { mean } = await gap({ mean: x }, { mean: y });
    expectCloseTo(mean, reference.intervals.gap);
    expect(mean).toMatchObject({
      estimate: x.value() - y.value(),
      first: x.value(),
      second: y.value(),
      images: [400, 250],
    });
  });

  it('resamples each set by itself: a set against itself has a gap of 0 with an interval', async () => {
    const x = { mean: meanStatistic(a) };
    const { mean } = await gap(x, x);
    expect(mean.estimate).toBe(0);
    expect(mean.low).toBeLessThan(0);
    expect(mean.high).toBeGreaterThan(0);
    // sqrt(2) times as wide as one set's interval, within a tenth
    const { mean: one } = await bootstrap(x);
    const ratio = (mean.high - mean.low) / (one.high - one.low) / Math.SQRT2;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
  });

  it('is the same for the same seed', async () => {
    const [x, y] = [{ mean: meanStatistic(a) }, { mean: meanStatistic(perImage(other)) }];
    const five = await gap(x, y, { seed: 5 });
    expect(await gap(x, y, { seed: 5 })).toEqual(five);
    expect((await gap(x, y, { seed: 6 })).mean.low).not.toBe(five.mean.low);
  });
});

describe('percentile', () => {
  it('interpolates between the two values around the place', () => {
    // 0.9 of the way from the first of 4 to the last is at 2.7: 3 + 0.7 · (10 - 3)
    expect(percentile(Float64Array.of(1, 2, 3, 10), 0.9)).toBeCloseTo(7.9, 14);
  });

  it.each(reference.percentile)('agrees with numpy: $values.length values', (given) => {
    const sorted = Float64Array.from(given.values).sort();
    given.shares.forEach((share, at) => {
      expect(percentile(sorted, share)).toBeCloseTo(given.expected[at]!, 12);
    });
  });

  it('has no value of nothing', () => {
    expect(percentile(new Float64Array(), 0.5)).toBeNaN();
  });

  it.each([-0.1, 1.1, NaN])('refuses a share of %p', (share) => {
    expect(() => percentile(Float64Array.of(1), share)).toThrow(MetricsError);
  });
});

describe('percentileInterval', () => {
  it('reads both ends off the values, whatever their order, and leaves out NaN', () => {
    // 0 to 40: 2.5% of the way is 1, 97.5% is 39
    const values = Float64Array.from({ length: 42 }, (_, at) => (at === 7 ? NaN : (at * 5) % 42));
    const missing = 35; // 7 · 5
    const shifted = values.map((value) => (value > missing ? value - 1 : value));
    const { low, high, ...rest } = percentileInterval(20, shifted, 0.95);
    expect(low).toBeCloseTo(1, 12);
    expect(high).toBeCloseTo(39, 12);
    expect(rest).toEqual({ estimate: 20, level: 0.95, resamples: 41 });
  });
});
