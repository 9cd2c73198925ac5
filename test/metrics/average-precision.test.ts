import { describe, expect, it } from '@jest/globals';
import {
  addLabelRanks,
  addScores,
  averagePrecision,
  coverageError,
  emptyLabelRanks,
  finishAveragePrecision,
  imageAveragePrecision,
  labelRankingAveragePrecision,
  labelRankingLoss,
  labelRanks,
  labelSet,
  MetricsError,
  scoreMatrix,
  sliceLabelSet,
  softmax,
  startAveragePrecision,
} from '../../src/metrics/index.js';
import { softmaxTerms } from '../../src/metrics/ranking.js';
import { labelsOf, reference, scoresOf } from './reference.js';

/** The step sum over the valid ones, each with everything that scores at least as high. */
function plainPrecision(pairs: readonly { value: number; valid: boolean }[]): number {
  const valid = pairs.filter((pair) => pair.valid);
  const precisions = valid.map(({ value }) => {
    const above = pairs.filter((other) => other.value >= value);
    return above.filter((other) => other.valid).length / above.length;
  });
  return precisions.reduce((sum, precision) => sum + precision, 0) / valid.length;
}

describe('averagePrecision', () => {
  it('sums precision over the steps of recall', () => {
    // Class 0: scores 3 (valid), 2, 1 (valid): recall 1/2 at precision 1/1, then 1 at 2/3:
    //   1/2 · 1 + 1/2 · 2/3 = 5/6
    // Class 1: scores 1 (valid) and 1, 0: one threshold, precision 1/2
    const scores = scoreMatrix(Float64Array.of(3, 1, 2, 1, 1, 0), 2);
    const got = averagePrecision(scores, labelSet([[0, 1], [], [0]], 2));
    expect(got.perClass[0]).toBeCloseTo(5 / 6, 14);
    expect(got.perClass[1]).toBe(1 / 2);
    expect(got.macro).toBeCloseTo((5 / 6 + 1 / 2) / 2, 14);
    // Together: 3 (valid), 2, then 1, 1 (both valid) and 1 at once: recall 1/3 at precision 1/1, then
    // 3/3 at 3/5
    expect(got.micro).toBeCloseTo((1 / 3) * 1 + (2 / 3) * (3 / 5), 14);
  });

  it('counts a class without images as 0 in macro, and leaves it out of macroPresent', () => {
    const scores = scoreMatrix(Float64Array.of(3, 1, 2, 0), 2);
    const got = averagePrecision(scores, labelSet([[0], [0]], 2));
    expect([got.macro, got.macroPresent, got.presentClasses]).toEqual([1 / 2, 1, 1]);
  });

  it('is 0 in macro and micro when nothing is valid', () => {
    const got = averagePrecision(scoreMatrix(Float64Array.of(3, 1), 2), labelSet([[]], 2));
    expect([got.macro, got.micro, got.presentClasses]).toEqual([0, 0, 0]);
    expect(got.macroPresent).toBeNaN();
  });

  it('forgets an image of weight 0 and repeats one of weight 2', () => {
    const values = [3, 1, 2, 2, 0.5, 4];
    const weighted = averagePrecision(
      scoreMatrix(Float64Array.from(values), 2),
      labelSet([[0], [1], [0, 1]], 2),
      [2, 0, 1],
    );
    const repeated = averagePrecision(
      scoreMatrix(Float64Array.of(3, 1, 3, 1, 0.5, 4), 2),
      labelSet([[0], [0], [0, 1]], 2),
    );
    expect(weighted).toEqual(repeated);
  });

  // 600 images of 3 classes; scores collide, and lie close together beside one that is far away
  const spread = (at: number): number => ((at * 7919) % 97) / 97;
  it.each<[string, (at: number) => number]>([
    ['probabilities', spread],
    ['tiny and large probabilities', (at) => spread(at) ** 40],
    ['zeros of either sign', (at) => (at % 3 === 0 ? -0 : at % 5 === 0 ? 0 : spread(at))],
    ['logits', (at) => 12 * (spread(at) - 0.5)],
    ['scores beside one that is far away', (at) => (at === 5 ? 1e30 : spread(at))],
    ['one score for all', () => 0.5],
  ])('counts %s as a plain sort does', (_, score) => {
    const values = Float64Array.from({ length: 1800 }, (_, at) => score(at));
    const lists = Array.from({ length: 600 }, (_, image) => [image % 3, (image * 5) % 7]);
    const labels = labelSet(
      lists.map((list) => list.filter((label) => label < 3)),
      3,
    );
    const got = averagePrecision(scoreMatrix(values, 3), labels);
    const all = Array.from(values, (value, at) => ({
      value,
      valid: lists[Math.floor(at / 3)]!.includes(at % 3),
    }));
    expect(got.micro).toBeCloseTo(plainPrecision(all), 12);
    [0, 1, 2].forEach((c) => {
      const ofClass = all.filter((_, at) => at % 3 === c);
      expect(got.perClass[c]).toBeCloseTo(plainPrecision(ofClass), 12);
    });
  });

  // logits whose probabilities are tied, are 0, or differ in their last digits alone
  it.each<[string, (at: number) => number]>([
    ['of few values', (at) => (at * 7919) % 5],
    ['far apart, so that most probabilities are 0', (at) => 400 * spread(at) - (at % 2) * 1000],
    ['very large', (at) => 1e15 * spread(at) + (at % 3)],
    ['shifted', (at) => spread(at % 300) + (at % 7) * 1e6],
  ])('counts logits %s as their probabilities', (_, logit) => {
    const logits = scoreMatrix(
      Float64Array.from({ length: 1800 }, (_, at) => logit(at)),
      6,
    );
    const lists = Array.from({ length: 300 }, (_, image) => [image % 6, (image * 5) % 6]);
    const labels = labelSet(lists, 6);
    const weights = lists.map((_, image) => image % 3);
    const probabilities = softmax(logits);
    const terms = lists.map((_, image) => softmaxTerms(logits, image));
    const tally = startAveragePrecision(labelRanks(probabilities, labels), weights, {
      ofLabels: labelRanks(logits, labels).scores,
      terms: {
        highest: Float64Array.from(terms, ({ highest }) => highest),
        sums: Float64Array.from(terms, ({ sum }) => sum),
      },
    });
    addScores(tally, logits, 0);
    const got = finishAveragePrecision(tally);
    expect(got).toEqual(averagePrecision(probabilities, labels, weights));
    const all = Array.from(probabilities.values, (value, at) => {
      const image = Math.floor(at / 6);
      const pair = { value, valid: lists[image]!.includes(at % 6) };
      return Array<typeof pair>(weights[image]!).fill(pair);
    });
    expect(got.micro).toBeCloseTo(plainPrecision(all.flat()), 12);
  });

  it('takes scores further apart than the largest number', () => {
    const far = scoreMatrix(Float64Array.of(1e308, -1e308, -1e308, 1e308, 0, 1e308), 2);
    const near = scoreMatrix(Float64Array.of(1, -1, -1, 1, 0, 1), 2);
    const labels = labelSet([[0, 1], [1], [0]], 2);
    expect(averagePrecision(far, labels)).toEqual(averagePrecision(near, labels));
  });

  it.each([
    ['a negative weight', [1, -1]],
    ['NaN as a weight', [1, NaN]],
    ['weights of other images', [1]],
  ])('refuses %s', (_, weights) => {
    const scores = scoreMatrix(Float64Array.of(3, 1, 2, 0), 2);
    expect(() => averagePrecision(scores, labelSet([[0], [0]], 2), weights)).toThrow(MetricsError);
  });

  it('refuses scores of another number of classes', () => {
    const scores = scoreMatrix(Float64Array.of(3, 1, 2, 0), 2);
    expect(() => averagePrecision(scores, labelSet([[0], [0]], 3))).toThrow(
      "expected the label set's 3 for the classes of the scores, got 2",
    );
  });
});

describe.each(reference.ranking)('scores in batches: $name', (given) => {
  const [scores, labels] = [scoresOf(given), labelsOf(given)];
  const starts = [0, 1, 8, 20];
  const batches = starts.map((start, at) => ({
    start,
    batch: scoreMatrix(
      scores.values.slice(start * given.classes, (starts[at + 1] ?? 1e9) * given.classes),
      given.classes,
    ),
  }));

  it('gives what the whole does', () => {
    const ranks = emptyLabelRanks(labels);
    for (const { start, batch } of batches) addLabelRanks(ranks, batch, start);
    expect(ranks).toEqual(labelRanks(scores, labels));
    const tally = startAveragePrecision(ranks);
    for (const { start, batch } of batches) addScores(tally, batch, start);
    expect(finishAveragePrecision(tally)).toEqual(averagePrecision(scores, labels));
  });

  it('gives a slice of the label set what the whole has there', () => {
    const { start, batch } = batches[2]!;
    const end = start + batch.images;
    const slice = labelRanks(batch, sliceLabelSet(labels, start, end));
    const whole = labelRanks(scores, labels);
    for (const metric of [
      coverageError,
      imageAveragePrecision,
      labelRankingAveragePrecision,
      labelRankingLoss,
    ]) {
      expect(metric(slice)).toEqual(metric(whole).slice(start, end));
    }
    expect(averagePrecision(batch, slice.labels)).toEqual(
      averagePrecision(batch, labelSet(given.labels.slice(start, end), given.classes)),
    );
  });

  it('refuses a batch beyond the last image', () => {
    const ranks = emptyLabelRanks(labels);
    expect(() => {
      addLabelRanks(ranks, batches[1]!.batch, scores.images - 1);
    }).toThrow(MetricsError);
  });
});
