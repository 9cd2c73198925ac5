// What holds for every metric.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  asma,
  averagePrecision,
  coverageError,
  imageAveragePrecision,
  labelRankingAveragePrecision,
  labelRankingLoss,
  labelRanks,
  labelSet,
  type PerImage,
  precisionRecall,
  realAccuracy,
  scoreMatrix,
  topClasses,
  topNAccuracy,
  variableTopK,
} from '../../src/metrics/index.js';

/** Images with whole-number scores (exact in every sum here) and label lists. */
interface Case {
  scores: number[][];
  labels: number[][];
  classes: number;
}

function cases(scoresOf: (classes: number) => fc.Arbitrary<number[]>): fc.Arbitrary<Case> {
  return fc.integer({ min: 2, max: 9 }).chain((classes) => {
    const all = Array.from({ length: classes }, (_, c) => c);
    const image = fc.tuple(scoresOf(classes), fc.subarray(all));
    return fc.array(image, { minLength: 1, maxLength: 12 }).map((images) => ({
      scores: images.map(([scores]) => scores),
      labels: images.map(([, labels]) => labels),
      classes,
    }));
  });
}

const withTies = cases((classes) =>
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: classes, maxLength: classes }),
);
const withoutTies = cases((classes) =>
  fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), {
    minLength: classes,
    maxLength: classes,
  }),
);

/** A case, and an order of as many things as it has images or classes. */
function shuffled(
  of: fc.Arbitrary<Case>,
  what: 'images' | 'classes',
): fc.Arbitrary<[Case, number[]]> {
  return of.chain((given) => {
    const size = what === 'images' ? given.scores.length : given.classes;
    const all = Array.from({ length: size }, (_, at) => at);
    const order = fc.shuffledSubarray(all, { minLength: size, maxLength: size });
    return fc.tuple(fc.constant(given), order);
  });
}

function measure({ scores, labels, classes }: Case): Record<string, PerImage> {
  const [matrix, sets] = [
    scoreMatrix(Float64Array.from(scores.flat()), classes),
    labelSet(labels, classes),
  ];
  const [top, ranks] = [topClasses(matrix, classes), labelRanks(matrix, sets)];
  return {
    top1: topNAccuracy(
      top,
      labels.map((list) => list[0] ?? -1),
      1,
    ),
    real: realAccuracy(top, sets),
    fraction: variableTopK(top, sets),
    any: variableTopK(top, sets, 'any'),
    exact: variableTopK(top, sets, 'exact'),
    ...precisionRecall(top, sets, 2),
    coverage: coverageError(ranks),
    lrap: labelRankingAveragePrecision(ranks),
    loss: labelRankingLoss(ranks),
    ap: imageAveragePrecision(ranks),
  };
}

function summarise({ scores, labels, classes }: Case): number[] {
  const [matrix, sets] = [
    scoreMatrix(Float64Array.from(scores.flat()), classes),
    labelSet(labels, classes),
  ];
  const { macro, macroPresent, micro } = averagePrecision(matrix, sets);
  const result = asma(variableTopK(topClasses(matrix, classes), sets), sets, { maxGroup: 3 });
  return [macro, macroPresent, micro, result.asma, result.imageWeighted];
}

function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got.length).toBe(expected.length);
  Array.from(expected).forEach((value, at) => {
    if (Number.isNaN(value)) expect(got[at]).toBeNaN();
    else expect(got[at]).toBeCloseTo(value, 12);
  });
}

describe('metrics', () => {
  it('follow the images when these are put in another order', () => {
    fc.assert(
      fc.property(shuffled(withTies, 'images'), ([given, order]) => {
        const moved = {
          ...given,
          scores: order.map((image) => given.scores[image]!),
          labels: order.map((image) => given.labels[image]!),
        };
        const [before, after] = [measure(given), measure(moved)];
        for (const [name, values] of Object.entries(before)) {
          expect([...after[name]!]).toEqual(order.map((image) => values[image]));
        }
        expectNear(summarise(moved), summarise(given));
      }),
    );
  });

  it('do not depend on how classes are numbered, without ties', () => {
    fc.assert(
      fc.property(shuffled(withoutTies, 'classes'), ([given, order]) => {
        const renumbered = {
          ...given,
          scores: given.scores.map((scores) => order.map((label) => scores[label]!)),
          labels: given.labels.map((list) => list.map((label) => order.indexOf(label))),
        };
        const [before, after] = [measure(given), measure(renumbered)];
        for (const [name, values] of Object.entries(before)) expectNear(after[name]!, values);
        expectNear(summarise(renumbered), summarise(given));
      }),
    );
  });

  it('do not change when a constant is added to the logits or they are doubled', () => {
    fc.assert(
      fc.property(withTies, fc.integer({ min: -1000, max: 1000 }), (given, constant) => {
        for (const factor of [1, 2, 0.25]) {
          const scores = given.scores.map((row) => row.map((score) => factor * score + constant));
          const changed = { ...given, scores };
          expect(measure(changed)).toEqual(measure(given));
          expect(summarise(changed)).toEqual(summarise(given));
        }
      }),
    );
  });

  it('of each image do not change when each image has its own constant added', () => {
    fc.assert(
      fc.property(withTies, (given) => {
        const scores = given.scores.map((row, image) => row.map((score) => score + 17 * image));
        expect(measure({ ...given, scores })).toEqual(measure(given));
      }),
    );
  });
});

describe('variable top-k', () => {
  it('equals top-1 when every image has one label, under every rule', () => {
    fc.assert(
      fc.property(withTies, (given) => {
        const labels = given.labels.map((list) => [list[0] ?? 0]);
        const { top1, real, fraction, any, exact } = measure({ ...given, labels });
        for (const values of [real, fraction, any, exact]) expect(values).toEqual(top1);
      }),
    );
  });

  it('is 1 when all classes are valid, under every rule', () => {
    fc.assert(
      fc.property(withTies, (given) => {
        const all = Array.from({ length: given.classes }, (_, c) => c);
        const { fraction, any, exact } = measure({ ...given, labels: given.labels.map(() => all) });
        for (const values of [fraction, any, exact]) {
          expect([...values!]).toEqual(given.scores.map(() => 1));
        }
      }),
    );
  });

  it('lies between exact and any', () => {
    fc.assert(
      fc.property(withTies, (given) => {
        const { fraction, any, exact } = measure(given);
        fraction!.forEach((value, image) => {
          if (Number.isNaN(value)) return;
          expect(exact![image]).toBeLessThanOrEqual(value);
          expect(any![image]).toBeGreaterThanOrEqual(value);
        });
      }),
    );
  });

  it('is all or nothing exactly as the coverage error is k, without ties', () => {
    fc.assert(
      fc.property(withoutTies, (given) => {
        const { exact, coverage } = measure(given);
        given.labels.forEach(({ length: k }, image) => {
          if (k > 0) expect(exact![image]).toBe(coverage![image] === k ? 1 : 0);
        });
      }),
    );
  });
});
