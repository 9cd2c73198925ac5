import { describe, expect, it } from '@jest/globals';
import {
  areProbabilities,
  MetricsError,
  rankedClasses,
  scoreMatrix,
  softmax,
  topClasses,
  topNAccuracy,
} from '../../src/metrics/index.js';
import { softmaxTerms } from '../../src/metrics/ranking.js';
import { reference, scoresOf } from './reference.js';

describe('scoreMatrix', () => {
  it('counts the rows', () => {
    expect(scoreMatrix(new Float32Array(12), 4).images).toBe(3);
  });

  it('refuses a number of scores that is not a whole number of rows', () => {
    expect(() => scoreMatrix(new Float32Array(10), 4)).toThrow(
      'expected a multiple of the 4 classes for the number of scores, got 10',
    );
  });

  it.each([NaN, Infinity, -Infinity])('refuses %p, naming its place', (value) => {
    const values = Float64Array.of(1, 2, 3, 4, value, 6);
    expect(() => scoreMatrix(values, 3)).toThrow(MetricsError);
    expect(() => scoreMatrix(values, 3)).toThrow(`row 1, class 1 (from 0), got ${value}`);
  });
});

describe('topClasses', () => {
  it('ranks from the highest score down', () => {
    const top = topClasses(scoreMatrix(Float32Array.of(1, 9, 3, 7, -5, -1, -9, -2), 4), 3);
    expect([...top.classes]).toEqual([1, 3, 2, 1, 3, 0]);
  });

  it('puts the lower class first among equal scores', () => {
    const top = topClasses(scoreMatrix(Float32Array.of(5, 7, 5, 7, 5), 5), 4);
    expect([...top.classes]).toEqual([1, 3, 0, 2]);
  });

  it('takes 0 and -0 as equal', () => {
    expect([...topClasses(scoreMatrix(Float32Array.of(-0, 0, -0), 3), 3).classes]).toEqual([
      0, 1, 2,
    ]);
  });

  it.each(reference.ranking)('ranks as a stable sort does: $name', (given) => {
    const scores = scoresOf(given);
    for (const n of [1, 2, 5, given.classes]) {
      const expected = given.ranking.filter((_, at) => at % given.classes < n);
      expect([...topClasses(scores, n).classes]).toEqual(expected);
    }
  });

  it('ranks the same many classes by sorting as few by insertion', () => {
    const scores = scoreMatrix(
      Float32Array.from({ length: 3000 }, (_, at) => (at * 7919) % 61),
      300,
    );
    const [few, many] = [topClasses(scores, 64), topClasses(scores, 65)];
    expect([...many.classes].filter((_, at) => at % 65 < 64)).toEqual([...few.classes]);
  });

  it.each([0, 4, 1.5])('refuses n = %p of 3 classes', (n) => {
    expect(() => topClasses(scoreMatrix(new Float32Array(3), 3), n)).toThrow(MetricsError);
  });
});

describe('rankedClasses', () => {
  it('takes a ranking made elsewhere', () => {
    const top = rankedClasses(Int32Array.of(4, 0, 2, 4), 2, 5);
    expect([top.images, top.n, ...top.classes]).toEqual([2, 2, 4, 0, 2, 4]);
  });

  it.each([
    ['a class twice in a row', [1, 2, 3, 3]],
    ['a class out of range', [1, 2, 5, 3]],
    ['a negative class', [1, 2, -1, 3]],
    ['half a row', [1, 2, 3]],
  ])('refuses %s', (_, ranked) => {
    expect(() => rankedClasses(ranked, 2, 5)).toThrow(MetricsError);
  });
});

describe('topNAccuracy', () => {
  const top = rankedClasses([3, 1, 0, 2, 0, 1, 1, 3, 2], 3, 5);

  it('asks whether the original label is among the n highest', () => {
    expect([...topNAccuracy(top, [3, 0, 2], 1)]).toEqual([1, 0, 0]);
    expect([...topNAccuracy(top, [3, 0, 2], 2)]).toEqual([1, 1, 0]);
    expect([...topNAccuracy(top, [3, 4, 2], 3)]).toEqual([1, 0, 1]);
  });

  it('leaves out an image without an original label', () => {
    expect([...topNAccuracy(top, [3, -1, 2], 1)]).toEqual([1, NaN, 0]);
  });

  it('refuses more classes than are ranked and labels of other images', () => {
    expect(() => topNAccuracy(top, [3, 0, 2], 4)).toThrow(MetricsError);
    expect(() => topNAccuracy(top, [3, 0], 1)).toThrow('expected 3 images');
  });
});

describe('softmax', () => {
  it('gives each row probabilities, whatever is added to its scores', () => {
    // exp(0), exp(ln 3): 1/4, 3/4; a second row of the same logits, raised by 1,000
    const logits = [0, Math.log(3), 1000, 1000 + Math.log(3)];
    const { values, images } = softmax(scoreMatrix(Float64Array.from(logits), 2));
    expect(images).toBe(2);
    [0.25, 0.75, 0.25, 0.75].forEach((share, at) => {
      expect(values[at]).toBeCloseTo(share, 12);
    });
  });

  it('gives each row of float32 probabilities that sum to 1', () => {
    // e^0 = 1, e^ln 3 = 3: 1/4 and 3/4
    const { values } = softmax(scoreMatrix(Float32Array.of(0, Math.log(3), 5, 5), 2));
    expect(values[0]).toBeCloseTo(0.25, 6);
    expect(values[1]).toBeCloseTo(0.75, 6);
    expect([values[2], values[3]]).toEqual([0.5, 0.5]);
  });

  it('writes into memory that is there', () => {
    const memory = new Float64Array(6).fill(7);
    const { values } = softmax(scoreMatrix(Float32Array.of(1, 1, 2, 2), 2), memory);
    expect(values.buffer).toBe(memory.buffer);
    expect([...memory]).toEqual([0.5, 0.5, 0.5, 0.5, 7, 7]);
  });

  it('divides by the terms of an image, to the last bit', () => {
    const scores = scoreMatrix(
      Float32Array.from({ length: 30 }, (_, at) => (at * 7.3) % 11),
      10,
    );
    const { values } = softmax(scores);
    const { highest, sum } = softmaxTerms(scores, 2);
    const some = [20, 23, 29].map((at) => Math.exp(scores.values[at]! - highest) / sum);
    expect(some).toEqual([values[20], values[23], values[29]]);
  });

  it('overflows neither at large logits nor at absent classes', () => {
    const lowest = -3.4028234663852886e38;
    const { values } = softmax(scoreMatrix(Float32Array.of(1000, 1000, lowest), 3));
    expect([...values]).toEqual([0.5, 0.5, 0]);
  });
});

describe('areProbabilities', () => {
  it.each([
    [[0.25, 0.75, 1, 0], true],
    [[0.2512, 0.7441, 1, 0], true], // rounded
    [[0.25, 0.75, 0.6, 0.6], false], // each class by itself, as a sigmoid gives them
    [[-0.1, 1.1, 0.5, 0.5], false],
    [[2, -1, 3, 0], false],
  ])('%p: %p', (values, expected) => {
    expect(areProbabilities(scoreMatrix(Float64Array.from(values), 2))).toBe(expected);
  });
});
