import { describe, expect, it } from '@jest/globals';
import { mcnemar, mcnemarPValue, MetricsError } from '../../src/metrics/index.js';
import { perImage, reference } from './reference.js';

describe('mcnemarPValue', () => {
  it('is the two-sided binomial test of the images on which the models differ', () => {
    // 2 · (C(6, 0) + C(6, 1)) / 2^6 = 14 / 64
    expect(mcnemarPValue(1, 5)).toBeCloseTo(14 / 64, 14);
    expect(mcnemarPValue(5, 1)).toBe(mcnemarPValue(1, 5));
  });

  it.each(reference.mcnemar)('agrees with statsmodels and scipy: $first, $second', (given) => {
    const got = mcnemarPValue(given.first, given.second);
    expect(Math.abs(got - given.p)).toBeLessThanOrEqual(1e-9 * given.p);
  });

  it('refuses numbers that count nothing', () => {
    expect(() => mcnemarPValue(-1, 2)).toThrow(MetricsError);
    expect(() => mcnemarPValue(1, 2.5)).toThrow(MetricsError);
  });
});

describe('mcnemar', () => {
  it('counts the images that only one model gets right, and leaves out those without labels', () => {
    const first = perImage([1, 1, 0, 0, 1, 1, null, 1]);
    const second = perImage([1, 0, 1, 0, 0, 0, null, 0]);
    // only the first: images 1, 4, 5, 7; only the second: image 2; p = 2 · (1 + 5) / 2^5
    const { pValue, ...counts } = mcnemar(first, second);
    expect(counts).toEqual({ onlyFirst: 4, onlySecond: 1, images: 7 });
    expect(pValue).toBeCloseTo(12 / 32, 14);
  });

  it('finds no difference between a model and itself', () => {
    const same = perImage([1, 0, 1]);
    expect(mcnemar(same, same).pValue).toBe(1);
  });

  it.each([
    ['fractions', perImage([1, 0.5]), perImage([1, 0])],
    ['an image that only one model leaves out', perImage([1, null]), perImage([1, 0])],
    ['another number of images', perImage([1]), perImage([1, 0])],
  ])('refuses %s', (_, first, second) => {
    expect(() => mcnemar(first, second)).toThrow(MetricsError);
  });
});
