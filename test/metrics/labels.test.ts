import { describe, expect, it } from '@jest/globals';
import {
  hasLabel,
  imageCount,
  imageMean,
  labelCountHistogram,
  labelCounts,
  labelSet,
  MetricsError,
  sliceLabelSet,
  withoutUnlabelled,
} from '../../src/metrics/index.js';

describe('labelSet', () => {
  it('sorts the labels of an image and counts a repeated one once', () => {
    const labels = labelSet([[7, 2, 7], [], [0]], 10);
    expect([...labels.offsets]).toEqual([0, 2, 2, 3]);
    expect([...labels.classes]).toEqual([2, 7, 0]);
    expect(imageCount(labels)).toBe(3);
  });

  it('sorts by number and not as text', () => {
    expect([...labelSet([[100, 20, 3]], 1000).classes]).toEqual([3, 20, 100]);
  });

  it.each([[10], [-1], [1.5], [NaN]])('refuses class %p of 10, naming the image', (label) => {
    const make = (): unknown => labelSet([[1], [3, label]], 10);
    expect(make).toThrow(MetricsError);
    expect(make).toThrow(/labels of image 1 .*got/);
  });

  it('knows which labels an image has', () => {
    const labels = labelSet([[1, 4, 6, 9], [4]], 10);
    const found = (image: number): number[] =>
      Array.from({ length: 10 }, (_, c) => c).filter((c) => hasLabel(labels, image, c));
    expect(found(0)).toEqual([1, 4, 6, 9]);
    expect(found(1)).toEqual([4]);
  });
});

describe('sliceLabelSet', () => {
  it('has the labels of the images from start up to end', () => {
    const labels = sliceLabelSet(labelSet([[1], [2, 3], [], [4]], 5), 1, 3);
    expect(imageCount(labels)).toBe(2);
    expect(hasLabel(labels, 0, 3)).toBe(true);
    expect(hasLabel(labels, 0, 1)).toBe(false);
    expect([...labelCounts(labels)]).toEqual([2, 0]);
  });

  it('refuses a range outside the set', () => {
    const labels = labelSet([[1], [2]], 5);
    expect(() => sliceLabelSet(labels, 0, 3)).toThrow(MetricsError);
    expect(() => sliceLabelSet(labels, 2, 1)).toThrow(MetricsError);
  });
});

describe('labelCountHistogram', () => {
  it('counts images by their number of labels, those without any at 0', () => {
    expect(labelCountHistogram(labelSet([[1], [], [2, 3], [4], [1, 2, 3, 4]], 5))).toEqual([
      1, 2, 1, 0, 1,
    ]);
  });
});

describe('imageMean', () => {
  it('leaves out NaN and counts it', () => {
    // (1 + 0 + 0.5) / 3
    expect(imageMean(Float64Array.of(1, NaN, 0, 0.5))).toEqual({
      mean: 0.5,
      images: 3,
      excluded: 1,
    });
  });

  it('has no value without images', () => {
    expect(imageMean(Float64Array.of(NaN))).toEqual({ mean: NaN, images: 0, excluded: 1 });
  });
});

describe('withoutUnlabelled', () => {
  it('leaves out the images without labels', () => {
    const values = withoutUnlabelled(Float64Array.of(1, 2, 3), labelSet([[1], [], [2, 3]], 5));
    expect([...values]).toEqual([1, NaN, 3]);
  });

  it('refuses scores of another number of images', () => {
    expect(() => withoutUnlabelled(Float64Array.of(1), labelSet([[1], []], 5))).toThrow(
      'expected 2 images for the scores, got 1',
    );
  });
});
