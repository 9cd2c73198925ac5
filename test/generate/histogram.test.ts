import { describe, expect, it } from '@jest/globals';
import { countSide, emptySideHistogram } from '../../src/generate/inspect.js';

describe('a histogram of sides', () => {
  it('starts without counts, smallest range first', () => {
    expect(Object.entries(emptySideHistogram())).toEqual([
      ['0-31', 0],
      ['32-63', 0],
      ['64-127', 0],
      ['128-255', 0],
      ['256-511', 0],
      ['512+', 0],
    ]);
  });

  it.each([
    [0, 500, '0-31'],
    [31, 31, '0-31'],
    [32, 500, '32-63'],
    [500, 63, '32-63'],
    [64, 64, '64-127'],
    [511, 9999, '256-511'],
    [512, 512, '512+'],
    [100_000, 100_000, '512+'],
    [-5, 10, '0-31'],
    [NaN, 10, '0-31'],
  ])('counts %d x %d by its shorter side', (width, height, range) => {
    const histogram = emptySideHistogram();
    countSide(histogram, width, height);
    expect(histogram).toEqual({ ...emptySideHistogram(), [range]: 1 });
  });
});
