import { describe, expect, it } from '@jest/globals';
import { averageRanks } from '../../src/metrics/correlation.js';
import { kendall, MetricsError, spearman } from '../../src/metrics/index.js';
import { reference } from './reference.js';

describe.each(reference.correlation)('rank correlation of $x.length pairs', (given) => {
  const { x, y, ranks } = given;

  it('agrees with scipy on ranks, Spearman and Kendall', () => {
    expect([...averageRanks(x)]).toEqual(ranks);
    expect(spearman(x, y)).toBeCloseTo(given.spearman, 12);
    expect(kendall(x, y)).toBeCloseTo(given.kendall, 12);
  });

  it('turns its sign with one side and keeps its value when the sides change places', () => {
    for (const correlation of [spearman, kendall]) {
      const turned = y.map((value) => -value);
      expect(correlation(x, turned)).toBeCloseTo(-correlation(x, y), 12);
      expect(correlation(y, x)).toBeCloseTo(correlation(x, y), 12);
    }
  });
});

describe.each([
  ['spearman', spearman],
  ['kendall', kendall],
])('%s', (_, correlation) => {
  it('is worked out by hand for a case with a tie', () => {
    // x = 1 2 2 3 has ranks 1 2.5 2.5 4, y = 1 3 2 4 has its own: deviations from 2.5 are
    //   -1.5 0 0 1.5 and -1.5 0.5 -0.5 1.5: 4.5 / sqrt(4.5 · 5)
    // pairs: 5 concordant, 1 tied in x: 5 / sqrt(5 · 6)
    const expected = correlation === spearman ? 4.5 / Math.sqrt(22.5) : 5 / Math.sqrt(30);
    expect(correlation([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(expected, 14);
  });

  it('has no value where scipy has none', () => {
    expect(correlation([1, 1, 1], [1, 2, 3])).toBeNaN();
    expect(correlation([1], [1])).toBeNaN();
    expect(correlation([], [])).toBeNaN();
    expect(correlation([1, NaN, 3], [1, 2, 3])).toBeNaN();
  });

  it('refuses sides of different lengths', () => {
    expect(() => correlation([1, 2], [1, 2, 3])).toThrow(MetricsError);
  });
});
