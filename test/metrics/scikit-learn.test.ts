// Every ranking metric against scikit-learn.

import { describe, expect, it } from '@jest/globals';
import {
  averagePrecision,
  coverageError,
  imageAveragePrecision,
  imageMean,
  labelRankingAveragePrecision,
  labelRankingLoss,
  labelRanks,
  type PerImage,
  precisionRecall,
  topClasses,
} from '../../src/metrics/index.js';
import { distance, labelsOf, reference, scoresOf } from './reference.js';

const TOLERANCE = 1e-9;

function expectNear(got: ArrayLike<number>, expected: readonly number[]): void {
  expect(distance(got, expected)).toBeLessThan(TOLERANCE);
}

describe.each(reference.ranking)("scikit-learn's metrics: $name", (given) => {
  const [scores, labels] = [scoresOf(given), labelsOf(given)];
  const ranks = labelRanks(scores, labels);
  const meanOf = (values: PerImage): number[] => [imageMean(values).mean];

  it('agrees on the coverage error of every image', () => {
    expectNear(coverageError(ranks), given.coverage_error.per_image);
    expectNear(meanOf(coverageError(ranks)), [given.coverage_error.mean]);
  });

  it('agrees on the label-ranking average precision of every image', () => {
    expectNear(labelRankingAveragePrecision(ranks), given.lrap.per_image);
    expectNear(meanOf(labelRankingAveragePrecision(ranks)), [given.lrap.mean]);
  });

  it('agrees on the label-ranking loss of every image', () => {
    expectNear(labelRankingLoss(ranks), given.ranking_loss.per_image);
    expectNear(meanOf(labelRankingLoss(ranks)), [given.ranking_loss.mean]);
  });

  it('agrees on average precision: macro, micro, per class and per image', () => {
    const { macro, micro, samples, per_class: perClass, present } = given.average_precision;
    const got = averagePrecision(scores, labels);
    expectNear([got.macro, got.micro], [macro, micro]);
    expectNear(meanOf(imageAveragePrecision(ranks)), [samples]);
    expect(got.presentClasses).toBe(present.length);
    expectNear(
      got.perClass,
      perClass.map((value, c) => (present.includes(c) ? value : NaN)),
    );
  });

  it('names the mean over the classes that have an image beside the macro mean', () => {
    const { per_class: perClass, present } = given.average_precision;
    const sum = present.reduce((total, c) => total + perClass[c]!, 0);
    expectNear([averagePrecision(scores, labels).macroPresent], [sum / present.length]);
  });

  it('agrees on average precision with weighted images', () => {
    const { macro, micro } = given.weighted_average_precision;
    const got = averagePrecision(scores, labels, given.weights);
    expectNear([got.macro, got.micro], [macro, micro]);
  });

  it('agrees on precision, recall and F1 at n of the images that have labels', () => {
    for (const { n, precision, recall, f1 } of given.at_n) {
      const got = precisionRecall(topClasses(scores, n), labels, n);
      expectNear(
        [got.precision, got.recall, got.f1].flatMap((values) => meanOf(values)),
        [precision, recall, f1],
      );
    }
  });
});
