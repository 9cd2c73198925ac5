// Closed forms against what random rankings score, measured by the metrics themselves.

import { describe, expect, it } from '@jest/globals';
import {
  averagePrecision,
  chanceOfAveragePrecision,
  chanceOfCoverageError,
  chanceOfPrecisionRecall,
  chanceOfRankingLoss,
  chanceOfTopN,
  chanceOfVariableTopK,
  coverageError,
  imageAveragePrecision,
  imageMean,
  labelRankingAveragePrecision,
  labelRankingLoss,
  labelRanks,
  labelSet,
  type PerImage,
  precisionRecall,
  realAccuracy,
  type ScoreMatrix,
  scoreMatrix,
  topClasses,
  topNAccuracy,
  variableTopK,
} from '../../src/metrics/index.js';
import { openStream } from '../../src/random.js';

const CLASSES = 7;
const IMAGES = 20_000;

/** Random scores, so that every order of an image's classes is equally likely. */
function randomScores(images: number, classes: number, name: string): ScoreMatrix {
  const stream = openStream(name);
  return scoreMatrix(
    Float64Array.from({ length: images * classes }, () => stream.real()),
    classes,
  );
}

const mean = (values: PerImage): number => imageMean(values).mean;

describe.each([1, 2, 3, 6, 7])('chance in images of %d of 7 labels', (k) => {
  const scores = randomScores(IMAGES, CLASSES, `chance/k=${k}`);
  const all = Array.from({ length: CLASSES }, (_, label) => label);
  // Which labels they are changes nothing for a random ranking.
  const lists = Array.from({ length: IMAGES }, (_, image) =>
    all.map((label) => (label + image) % CLASSES).slice(0, k),
  );
  const labels = labelSet(lists, CLASSES);
  const [top, ranks] = [topClasses(scores, CLASSES), labelRanks(scores, labels)];
  const at = (n: number): { precision: number; recall: number; f1: number } => {
    const { precision, recall, f1 } = precisionRecall(top, labels, n);
    return { precision: mean(precision), recall: mean(recall), f1: mean(f1) };
  };

  // A share of 20,000 images is within 4 standard errors, 4 · 0.5 / √20,000 = 0.014.
  it.each([
    ['ReaL accuracy', mean(realAccuracy(top, labels)), chanceOfVariableTopK(k, CLASSES)],
    ['variable top-k', mean(variableTopK(top, labels)), chanceOfVariableTopK(k, CLASSES)],
    ['any', mean(variableTopK(top, labels, 'any')), chanceOfVariableTopK(k, CLASSES, 'any')],
    ['exact', mean(variableTopK(top, labels, 'exact')), chanceOfVariableTopK(k, CLASSES, 'exact')],
    [
      'top-1',
      mean(
        topNAccuracy(
          top,
          lists.map(([label]) => label!),
          1,
        ),
      ),
      chanceOfTopN(1, CLASSES),
    ],
    [
      'top-5',
      mean(
        topNAccuracy(
          top,
          lists.map(([label]) => label!),
          5,
        ),
      ),
      chanceOfTopN(5, CLASSES),
    ],
    ['precision at 5', at(5).precision, chanceOfPrecisionRecall(k, CLASSES, 5).precision],
    ['recall at 5', at(5).recall, chanceOfPrecisionRecall(k, CLASSES, 5).recall],
    ['F1 at 5', at(5).f1, chanceOfPrecisionRecall(k, CLASSES, 5).f1],
    ['F1 at 1', at(1).f1, chanceOfPrecisionRecall(k, CLASSES, 1).f1],
    ['mAP per image', mean(imageAveragePrecision(ranks)), chanceOfAveragePrecision(k, CLASSES)],
    ['LRAP', mean(labelRankingAveragePrecision(ranks)), chanceOfAveragePrecision(k, CLASSES)],
    ['ranking loss', mean(labelRankingLoss(ranks)), chanceOfRankingLoss(k, CLASSES)],
  ])('of %s is the closed form', (_, simulated, chance) => {
    expect(Math.abs(simulated - chance)).toBeLessThan(0.014);
  });

  it('of coverage error is the closed form', () => {
    // of 1 to 7: a standard deviation of 2 at most, 4 · 2 / √20,000 = 0.06
    const simulated = mean(coverageError(ranks));
    expect(Math.abs(simulated - chanceOfCoverageError(k, CLASSES))).toBeLessThan(0.06);
  });
});

describe('chanceOfAveragePrecision', () => {
  it('of the images of a class is the closed form', () => {
    // 3 of 12 images are of class 0, 1 of class 1; 4,000 rankings of these 12
    const labels = labelSet([[0, 1], [0], [0], ...Array.from({ length: 9 }, () => [2])], 3);
    const sums = [0, 0];
    for (let trial = 0; trial < 4000; trial += 1) {
      const { perClass } = averagePrecision(randomScores(12, 3, `chance/${trial}`), labels);
      sums[0]! += perClass[0]! / 4000;
      sums[1]! += perClass[1]! / 4000;
    }
    expect(Math.abs(sums[0]! - chanceOfAveragePrecision(3, 12))).toBeLessThan(0.015);
    expect(Math.abs(sums[1]! - chanceOfAveragePrecision(1, 12))).toBeLessThan(0.02);
  });

  it('of one thing among n is the harmonic number of n over n', () => {
    // at rank r its precision is 1/r: (1 + 1/2 + 1/3 + 1/4) / 4
    expect(chanceOfAveragePrecision(1, 4)).toBeCloseTo((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4, 14);
  });

  it('is the same where the harmonic number is summed and where it is approximated', () => {
    // H of 10,001 is H of 10,000 and 1/10,001
    const harmonic = 10_000 * chanceOfAveragePrecision(1, 10_000) + 1 / 10_001;
    expect(10_001 * chanceOfAveragePrecision(1, 10_001)).toBeCloseTo(harmonic, 12);
  });
});

describe('chanceOfVariableTopK', () => {
  it('of 1,000 classes and two labels has these values', () => {
    // any: not both draws among the 998 others; exact: one pair of 1,000 · 999 / 2
    expect(chanceOfVariableTopK(2, 1000)).toBe(0.002);
    expect(chanceOfVariableTopK(2, 1000, 'any')).toBeCloseTo(1 - (998 * 997) / (1000 * 999), 15);
    expect(chanceOfVariableTopK(2, 1000, 'exact')).toBeCloseTo(2 / (1000 * 999), 18);
  });
});
