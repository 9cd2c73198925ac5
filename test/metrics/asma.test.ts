import { describe, expect, it } from '@jest/globals';
import { asma, labelSet, MetricsError, subgroupAccuracies } from '../../src/metrics/index.js';
import { distance, labelsOfCounts, perImage, reference } from './reference.js';

// k(i):           1  1  1  0  2    2  5    6    9
const labels = labelsOfCounts([1, 1, 1, 0, 2, 2, 5, 6, 9]);
const values = perImage([1, 1, 0, null, 0.5, 1, 0.4, 0.5, 1]);
// A_1 = (1 + 1 + 0) / 3 = 2/3
// A_2 = (0.5 + 1) / 2 = 3/4
// A_3 and A_4 have no images
// A_5 = 0.4
// A_>5 = (0.5 + 1) / 2 = 3/4, of the images with 6 and 9 labels

describe('subgroupAccuracies', () => {
  it('is the mean of the images with k labels, those above 5 together', () => {
    const groups = subgroupAccuracies(values, labels);
    expect(groups.map(({ group }) => group)).toEqual(['1', '2', '3', '4', '5', '>5']);
    expect(groups.map(({ images }) => images)).toEqual([3, 2, 0, 0, 1, 2]);
    expect(groups.map(({ mean }) => mean)).toEqual([2 / 3, 0.75, NaN, NaN, 0.4, 0.75]);
  });

  it('merges above another number of labels when asked', () => {
    // above 1: (0.5 + 1 + 0.4 + 0.5 + 1) / 5 = 3.4 / 5
    const [one, more, ...rest] = subgroupAccuracies(values, labels, { maxGroup: 1 });
    expect(one).toEqual({ group: '1', mean: 2 / 3, images: 3 });
    expect(more).toEqual({ group: '>1', mean: 3.4 / 5, images: 5 });
    expect(rest).toEqual([]);
  });

  it('refuses a maxGroup below 1 and labels of other images', () => {
    expect(() => subgroupAccuracies(values, labels, { maxGroup: 0 })).toThrow(MetricsError);
    expect(() => subgroupAccuracies(values, labelsOfCounts([1]))).toThrow(MetricsError);
  });
});

describe('asma', () => {
  it('weighs every non-empty subgroup the same', () => {
    const result = asma(values, labels);
    // (2/3 + 3/4 + 0.4 + 3/4) / 4 = (40 + 45 + 24 + 45) / 60 / 4 = 154/240
    expect(result.asma).toBeCloseTo(154 / 240, 14);
    // (1 + 1 + 0 + 0.5 + 1 + 0.4 + 0.5 + 1) / 8 = 5.4 / 8
    expect(result.imageWeighted).toBeCloseTo(5.4 / 8, 14);
    expect([result.images, result.excluded]).toEqual([8, 1]);
    expect(result.subgroups).toEqual(subgroupAccuracies(values, labels));
  });

  it('leaves out an image without labels even if it has a score', () => {
    const {
      asma: value,
      imageWeighted,
      excluded,
    } = asma(Float64Array.of(1, 0.5), labelSet([[], [1]], 3));
    expect([value, imageWeighted, excluded]).toEqual([0.5, 0.5, 1]);
  });

  it('has no value when no image has labels', () => {
    expect(asma(perImage([null]), labelsOfCounts([0])).asma).toBeNaN();
  });

  it('is what numpy makes of a stored case', () => {
    const { counts, first, subgroups, asma: expected } = reference.bootstrap;
    const result = asma(perImage(first), labelsOfCounts(counts));
    expect(result.asma).toBeCloseTo(expected, 12);
    expect(
      distance(
        result.subgroups.map(({ mean }) => mean),
        subgroups,
      ),
    ).toBeLessThan(1e-12);
  });
});
