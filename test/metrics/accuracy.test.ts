import { describe, expect, it } from '@jest/globals';
import {
  imageMean,
  labelSet,
  MetricsError,
  precisionRecall,
  rankedClasses,
  realAccuracy,
  variableTopK,
} from '../../src/metrics/index.js';

// Five images, ten classes, the five highest-ranked of each:
//   image 0: L = {4}        k = 1, T(0, 1) = {4}
//   image 1: L = {1, 7}     k = 2, T(1, 2) = {7, 3}
//   image 2: L = {0, 5, 9}  k = 3, T(2, 3) = {2, 9, 0}, and 5 comes fourth: too late
//   image 3: L = {}         left out
//   image 4: L = {6, 8}     k = 2, T(4, 2) = {1, 2}, and 6 and 8 come right after: too late
const labels = labelSet([[4], [1, 7], [0, 5, 9], [], [6, 8]], 10);
const top = rankedClasses(
  [
    [4, 0, 1, 2, 3],
    [7, 3, 1, 0, 2],
    [2, 9, 0, 5, 1],
    [3, 1, 2, 0, 4],
    [1, 2, 6, 8, 0],
  ].flat(),
  5,
  10,
);

describe('variableTopK', () => {
  it('gives the fraction of the labels that are among the k highest', () => {
    // 1/1, 1/2 (class 7), 2/3 (classes 9 and 0), left out, 0/2
    const values = variableTopK(top, labels);
    expect([...values]).toEqual([1, 1 / 2, 2 / 3, NaN, 0]);
    // (1 + 1/2 + 2/3 + 0) / 4 = (13/6) / 4 = 13/24
    const { mean, images, excluded } = imageMean(values);
    expect(mean).toBeCloseTo(13 / 24, 14);
    expect([images, excluded]).toEqual([4, 1]);
  });

  it('counts any label found under the rule "any"', () => {
    expect([...variableTopK(top, labels, 'any')]).toEqual([1, 1, 1, NaN, 0]);
  });

  it('demands all labels under the rule "exact"', () => {
    expect([...variableTopK(top, labels, 'exact')]).toEqual([1, 0, 0, NaN, 0]);
    const all = rankedClasses([9, 5, 0], 3, 10);
    expect([...variableTopK(all, labelSet([[0, 5, 9]], 10), 'exact')]).toEqual([1]);
  });

  it('refuses a ranking shorter than a label set, naming the image', () => {
    const short = rankedClasses([4, 0, 7, 3, 2, 9, 3, 1, 1, 2], 2, 10);
    expect(() => variableTopK(short, labels)).toThrow(
      'expected at least 3 ranked classes for image 2 (counted from 0) with its 3 labels, got 2',
    );
  });

  it('refuses labels of another number of images', () => {
    expect(() => variableTopK(top, labelSet([[1]], 10))).toThrow(MetricsError);
  });
});

describe('realAccuracy', () => {
  it('asks whether the highest class is one of the labels', () => {
    // 4 is; 7 is; 2 is not; left out; 1 is not
    expect([...realAccuracy(top, labels)]).toEqual([1, 1, 0, NaN, 0]);
  });
});

describe('precisionRecall', () => {
  it('compares the n highest classes with the labels', () => {
    // n = 3, found: 1 of {4}, 2 of {1, 7}, 2 of {0, 5, 9}, left out, 1 of {6, 8}
    const { precision, recall, f1 } = precisionRecall(top, labels, 3);
    expect([...precision]).toEqual([1 / 3, 2 / 3, 2 / 3, NaN, 1 / 3]);
    expect([...recall]).toEqual([1, 1, 2 / 3, NaN, 1 / 2]);
    // 2 found / (3 + k)
    expect([...f1]).toEqual([2 / 4, 4 / 5, 4 / 6, NaN, 2 / 5]);
  });

  it('refuses more classes than are ranked', () => {
    expect(() => precisionRecall(top, labels, 6)).toThrow(MetricsError);
  });
});
