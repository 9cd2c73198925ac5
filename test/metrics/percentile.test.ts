import { describe, expect, it } from '@jest/globals';
import { MetricsError, percentile, percentileInterval } from '../../src/metrics/index.js';
import { reference } from './reference.js';

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
