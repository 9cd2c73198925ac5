import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AbortedError, EvaluationError } from '../../src/errors.js';
import { classOf } from '../../src/imagenet/synsets.js';
import { asmaStatistic, bootstrap, labelSet, meanStatistic } from '../../src/metrics/index.js';
import type { PredictionSource, ScoreScale } from '../../src/predictions/source.js';
import { scorePredictions, type Scores } from '../../src/score/score-predictions.js';
import { listMetrics, metricOf } from '../../src/score/scorecard.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { inOrder, madeSet, madeSource, scoreRows } from '../support/unit-scores.js';

// Five images; the floor is -0.001 for class 0, -0.002 for class 1, ..., so that of the classes
// that are not given the lowest index comes first.
//   image 0: L = {4},       original 4:  ranks 4, 0, 1, 2, 3, ...
//   image 1: L = {1, 7},    original 7:  ranks 7, 3, 1, 0, 2, 4, ...
//   image 2: L = {0, 5, 9}, original 5:  ranks 2, 9, 0, 1, 3, 4, 5, ...
//   image 3: L = {},        original 8:  ranks 3, 0, 1, 2, 4, ...
//   image 4: L = {6, 8},    original 6:  ranks 1, 2, 6, 8, 0, ...
const set = madeSet([[4], [1, 7], [0, 5, 9], [], [6, 8]], { originals: [4, 7, 5, 8, 6] });
const rows = scoreRows([
  { 4: 9 },
  { 7: 9, 3: 8, 1: 7 },
  { 2: 9, 9: 8, 0: 7 },
  { 3: 9 },
  { 1: 9, 2: 8, 6: 7, 8: 6 },
]);
const few = { resamples: 50, minImages: 1 };

/** Every metric that needs labels. */
const LABELLED_METRICS = [
  ...(['real', 'variableTopK', 'variableTopKAny', 'exactMatch', 'asma', 'imageWeighted'] as const),
  ...(['precisionAt1', 'recallAt1', 'f1At1', 'precisionAt5', 'recallAt5', 'f1At5'] as const),
  ...(['mapPerImage', 'mapMacro', 'mapMacroPresent', 'mapMicro'] as const),
  ...(['coverageError', 'lrap', 'rankingLoss'] as const),
];

describe('scorePredictions', () => {
  it('computes the metrics of hand-made predictions', async () => {
    const { body, perImage } = await scorePredictions(
      { source: madeSource('scores', rows), positions: inOrder(5), set },
      few,
    );
    const { metrics } = body;
    // original first: images 0 and 1; among the five highest: image 4's 6 too
    expect(metrics.top1).toMatchObject({ value: 2 / 5, n: 5 });
    expect(metrics.top5).toMatchObject({ value: 3 / 5, n: 5 });
    // ReaL: 4 yes, 7 yes, 2 no, left out, 1 no
    expect(metrics.real).toMatchObject({ value: 2 / 4, n: 4 });
    // 1/1, 1/2, 2/3, left out, 0/2
    expect([...perImage.variableTopK]).toEqual([1, 1 / 2, 2 / 3, NaN, 0]);
    expect(metrics.variableTopK!.value).toBeCloseTo((1 + 1 / 2 + 2 / 3) / 4, 14);
    expect(metrics.variableTopKAny).toMatchObject({ value: 3 / 4, n: 4 });
    expect(metrics.exactMatch).toMatchObject({ value: 1 / 4, n: 4 });
    // A_1 = 1, A_2 = (1/2 + 0) / 2, A_3 = 2/3
    expect(metrics.subgroups['A_1']).toMatchObject({ value: 1, n: 1 });
    expect(metrics.subgroups['A_2']).toMatchObject({ value: 1 / 4, n: 2 });
    expect(metrics.subgroups['A_3']).toMatchObject({ value: 2 / 3, n: 1 });
    const empty = { value: null, low: null, high: null, n: 0 };
    expect(metrics.subgroups['A_4']).toEqual(empty);
    expect(metrics.subgroups['A_>5']).toEqual(empty);
    expect(metrics.asma!.value).toBeCloseTo((1 + 1 / 4 + 2 / 3) / 3, 14);
    expect(metrics.imageWeighted).toEqual(metrics.variableTopK);
    // at 5, found: {4}, {7, 1}, {9, 0}, -, {6, 8}
    expect(metrics.precisionAt5!.value).toBeCloseTo((1 + 2 + 2 + 2) / 5 / 4, 14);
    expect(metrics.recallAt5!.value).toBeCloseTo((1 + 1 + 2 / 3 + 1) / 4, 14);
    // 2h / (5 + k)
    expect(metrics.f1At5!.value).toBeCloseTo((2 / 6 + 4 / 7 + 4 / 8 + 4 / 7) / 4, 14);
    // deepest label: 1, 3, 7 (class 5 after 2, 9, 0, 1, 3, 4), left out, 4
    expect(metrics.coverageError!.value).toBeCloseTo((1 + 3 + 7 + 4) / 4, 14);
    expect(metrics.coverageError!.n).toBe(4);
    // labels at ranks 1; 1 and 3; 2, 3 and 7; none; 3 and 4: mean of (labels up to there) / rank
    const precisions = [1, (1 + 2 / 3) / 2, (1 / 2 + 2 / 3 + 3 / 7) / 3, (1 / 3 + 2 / 4) / 2];
    const sum = precisions.reduce((a, b) => a + b);
    expect(metrics.mapPerImage!.value).toBeCloseTo(sum / 4, 14);
    expect(metrics.mapPerImage!.n).toBe(4);
    expect(metrics.lrap!.value).toBeCloseTo(sum / 4, 14);
    expect(metrics.lrap!.n).toBe(4);
    // invalid classes above a label: 0; 0 + 1; 1 + 1 + 4; 2 + 2, of k (1000 - k) pairs
    const losses = [0, 1 / 1996, 6 / 2991, 4 / 1996];
    expect(metrics.rankingLoss!.value).toBeCloseTo(losses.reduce((a, b) => a + b) / 4, 14);
    expect(metrics.rankingLoss!.n).toBe(4);
    expect(body.unavailable).toEqual({});
    expect(body.set).toMatchObject({ images: 5, labelled: 4, unlabelled: 1 });
    expect(body.set.labelCounts).toEqual([1, 1, 2, 1]);
  });

  it('has the intervals of the public bootstrap', async () => {
    const source = madeSource('scores', rows);
    const input = { source, positions: inOrder(5), set };
    const { body, perImage } = await scorePredictions(input, { minImages: 1 });
    const statistics = {
      real: meanStatistic(perImage.real),
      asma: asmaStatistic(perImage.variableTopK, labelSet(set.labels, 1000)),
    };
    const intervals = await bootstrap(statistics, { minImages: 1 });
    for (const name of ['real', 'asma'] as const) {
      const { estimate, low, high, images } = intervals[name];
      expect(body.metrics[name]).toMatchObject({ value: estimate, low, high, n: images });
    }
  });

  it('gives the same whether the images without labels are in the set or not', async () => {
    const score = async (kept: readonly number[]): Promise<Scores['body']['metrics']> => {
      const part = madeSet(kept.map((at) => set.labels[at]!));
      const source = madeSource(
        'scores',
        kept.map((at) => rows[at]!),
      );
      const input = { source, positions: inOrder(kept.length), set: part };
      return (await scorePredictions(input, few)).body.metrics;
    };
    const [all, labelled, none] = [
      await score([0, 1, 2, 3, 4]),
      await score([0, 1, 2, 4]),
      await score([3]),
    ];
    for (const name of LABELLED_METRICS) {
      const { value, n } = labelled[name]!;
      expect([name, all[name]]).toMatchObject([name, { value, n }]);
      expect([name, none[name]]).toMatchObject([name, { value: null, n: 0 }]);
    }
  });

  it('leaves images without labels out of average precision over images', async () => {
    // Class 0 is valid for image 0 (score 3); image 1 without labels scores it 5, image 2 scores 1
    const small = madeSet([[0], [], [2]]);
    const scores = scoreRows([{ 0: 3 }, { 0: 5 }, { 0: 1, 2: 2 }]);
    const { body } = await scorePredictions(
      { source: madeSource('scores', scores), positions: inOrder(3), set: small },
      few,
    );
    expect(body.metrics.mapMacroPresent).toEqual({
      value: 1,
      low: null,
      high: null,
      n: 2,
      classes: 2,
    });
    expect(body.metrics.mapMacro!.value).toBeCloseTo(2 / 1000, 14);
    expect(body.metrics.mapMicro).toMatchObject({ value: 1, n: 2 });
  });

  it('gives every mean an interval around it, the same for the same seed', async () => {
    const score = (seed: string): Promise<Scores> =>
      scorePredictions(
        { source: madeSource('scores', rows), positions: inOrder(5), set },
        { ...few, seed },
      );
    const [a, b, c] = [await score('1'), await score('1'), await score('2')];
    expect(a).toEqual(b);
    expect(c.body.metrics.variableTopK).not.toEqual(a.body.metrics.variableTopK);
    const { value, low, high } = a.body.metrics.variableTopK!;
    expect(low!).toBeLessThan(value!);
    expect(high!).toBeGreaterThan(value!);
  });

  it('takes the mean of classes under the rule of the TFDS catalogue', async () => {
    // original 4: right, wrong; original 7: right: (1/2 + 1) / 2, not 2/3
    const originals = [4, 4, 7];
    const given = madeSet([[4], [4], [7]], { rule: 'multi-label-tfds', originals });
    const ranked = madeSource('ranked', [[4], [5], [7]]);
    const { body } = await scorePredictions(
      { source: ranked, positions: inOrder(3), set: given },
      few,
    );
    expect(body.metrics.realPerClass).toMatchObject({ value: 3 / 4, n: 3 });
    expect(body.metrics.real!.value).toBeCloseTo(2 / 3, 14);
    const without = { ...given, originals: undefined };
    const other = await scorePredictions(
      { source: ranked, positions: inOrder(3), set: without },
      few,
    );
    expect(other.body.metrics.realPerClass).toBeUndefined();
    expect(other.body.unavailable['realPerClass']).toBe('the set has no original labels');
  });

  it('scores 1 everywhere where the predictions are the labels', async () => {
    const given = madeSet([[4], [1, 7], [0, 5, 9]]);
    const scores = scoreRows([{ 4: 1 }, { 1: 1, 7: 1 }, { 0: 1, 5: 1, 9: 1 }]);
    const { body } = await scorePredictions(
      { source: madeSource('scores', scores), positions: inOrder(3), set: given },
      few,
    );
    const { real, variableTopK, exactMatch, asma, mapPerImage, mapMicro, lrap, rankingLoss } =
      body.metrics;
    for (const metric of [real, variableTopK, exactMatch, asma, mapPerImage, mapMicro, lrap]) {
      expect(metric!.value).toBe(1);
    }
    expect(body.metrics.mapMacroPresent).toMatchObject({ value: 1, classes: 6 });
    expect(rankingLoss!.value).toBe(0);
    expect(body.unavailable).toEqual({
      top1: 'the set has no original labels',
      top5: 'the set has no original labels',
    });
  });

  it('scores a set without any labels', async () => {
    const none = madeSet([[], []]);
    const { body } = await scorePredictions(
      { source: madeSource('scores', scoreRows([{}, {}])), positions: inOrder(2), set: none },
      few,
    );
    expect(body.metrics.asma).toEqual({
      ...{ value: null, low: null, high: null, n: 0 },
      ...{ subgroups: [], smallest: 0 },
    });
    expect(body.metrics.mapMicro).toEqual({ value: null, low: null, high: null, n: 0 });
    expect(JSON.stringify(body)).not.toContain('NaN');
  });
});

describe('scorePredictions, of logits and of probabilities', () => {
  // Logits of another height and spread for each image, as real ones have
  const logits = rows.map((row, image) => row.map((value) => value * (1 + image) + 50 * image));
  const softmaxed = logits.map((row) => {
    const most = Math.max(...row);
    const shares = row.map((value) => Math.exp(value - most));
    const sum = shares.reduce((a, b) => a + b);
    return shares.map((share) => share / sum);
  });
  const score = async (given: number[][], scale?: ScoreScale): Promise<Scores> => {
    const source = { ...madeSource('scores', given), scale };
    return scorePredictions({ source, positions: inOrder(5), set }, few);
  };

  it('gives the same, and says which it was', async () => {
    const [given, made] = [await score(logits), await score(softmaxed)];
    expect([given.body.scores, made.body.scores]).toEqual(['logits', 'probabilities']);
    for (const [name, { value, n }] of listMetrics(given.body)) {
      const other = metricOf(made.body.metrics, name)!;
      expect([name, other.n]).toEqual([name, n]);
      if (value !== null) expect(other.value).toBeCloseTo(value, 9);
    }
    // Logits as they are would rank all of image 4's above image 0's
    expect(given.body.metrics.mapMicro!.value).toBeGreaterThan(0.3);
  });

  it('takes scores for what they are said to be', async () => {
    const sigmoids = rows.map((row) => row.map((value) => 1 / (1 + Math.exp(-value))));
    const { scores, metrics, unavailable } = (await score(sigmoids)).body;
    expect([scores, metrics.mapMicro]).toEqual(['unknown', undefined]);
    expect(unavailable['mapMicro']).toContain('say what they are with --scores');
    expect((await score(sigmoids, 'logits')).body.scores).toBe('logits');
    expect((await score(sigmoids, 'probabilities')).body.scores).toBe('probabilities');
    expect((await score(softmaxed, 'logits')).body.scores).toBe('logits');
  });

  it('knows the probabilities of a model that lacks classes, as patchml writes them', async () => {
    const lacking = softmaxed.map((row) => row.map((share, label) => (label > 900 ? -1 : share)));
    expect((await score(lacking)).body.scores).toBe('unknown'); // they have no sum of 1
    expect((await score(lacking, 'probabilities')).body.metrics.mapMicro!.value).toBeGreaterThan(0);
    const below = softmaxed.map((row) => row.map((share) => share - 0.5));
    await expect(score(below, 'probabilities')).rejects.toThrow('expected a probability');
  });

  it('refuses logits that are said to be probabilities', async () => {
    await expect(score(logits, 'probabilities')).rejects.toMatchObject({
      code: 'predictions-not-probabilities',
      message: expect.stringContaining(
        'row 0 (from 0): expected a probability from 0 to 1, got -0.001',
      ),
    });
  });
});

describe('scorePredictions, of ranked classes', () => {
  it('gives the metrics that the ranks reach, and says why others are missing', async () => {
    const ranked = madeSource('ranked', [
      [4, 0],
      [7, 3],
      [2, 9],
      [3, 0],
      [1, 6],
    ]);
    const { body, perImage } = await scorePredictions(
      { source: ranked, positions: inOrder(5), set },
      few,
    );
    expect(body.metrics.top1).toMatchObject({ value: 2 / 5 });
    expect(body.metrics.subgroups['A_1']).toMatchObject({ value: 1, n: 1 });
    expect(body.metrics.subgroups['A_2']).toMatchObject({ value: (1 / 2 + 1 / 2) / 2, n: 2 });
    expect(body.metrics.subgroups['A_3']).toBeUndefined();
    expect(body.metrics.subgroups['A_4']).toMatchObject({ n: 0 });
    // A_1 = 1, A_2 = 1/2; all three images: (1 + 1/2 + 1/2) / 3
    expect(body.metrics.asma).toMatchObject({ value: 3 / 4, n: 3, subgroups: ['A_1', 'A_2'] });
    expect(body.metrics.asma!.smallest).toBe(1);
    expect(body.metrics.imageWeighted).toMatchObject({ value: 2 / 3, n: 3 });
    // any: 1, 1, 1; exact: 1, 0, 0
    expect(body.metrics.asmaAny).toMatchObject({ value: 1, n: 3 });
    expect(body.metrics.asmaExact).toMatchObject({ value: 1 / 2, n: 3 });
    expect(body.metrics.subgroupsExact['A_2']).toMatchObject({ value: 0, n: 2 });
    expect(body.metrics.subgroupsExact['A_3']).toBeUndefined();
    expect([...perImage.variableTopK]).toEqual([1, 1 / 2, NaN, NaN, 1 / 2]);
    const tooFew = 'needs the 3 highest classes, but the predictions have 2';
    expect(body.unavailable).toMatchObject({
      A_3: tooFew,
      variableTopK: tooFew,
      A_3_any: tooFew,
      exactMatch: tooFew,
      top5: 'needs the 5 highest classes, but the predictions have 2',
      f1At5: 'needs the 5 highest classes, but the predictions have 2',
      mapMicro: 'needs the scores of all classes, but the predictions are ranks',
      lrap: 'needs the scores of all classes, but the predictions are ranks',
    });
  });

  it('agrees with the scores that the ranks were made of', async () => {
    const rank = (row: number[]): number[] =>
      [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b).slice(0, 5);
    const [full, ranked] = [
      await scorePredictions(
        { source: madeSource('scores', rows), positions: inOrder(5), set },
        few,
      ),
      await scorePredictions(
        { source: madeSource('ranked', rows.map(rank)), positions: inOrder(5), set },
        few,
      ),
    ];
    expect(ranked.perImage).toEqual(full.perImage);
    expect(full.body.metrics).toMatchObject(ranked.body.metrics);
    expect(ranked.body.metrics.asma).toBeDefined();
  });
});

describe('scorePredictions, under changes that say nothing', () => {
  const image = fc.record({
    scores: fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 12, maxLength: 12 }),
    labels: fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { maxLength: 7 }),
    original: fc.integer({ min: 0, max: 11 }),
  });
  const cases = fc.array(image, { minLength: 1, maxLength: 9 });
  const limited = { numRuns: 15 };
  type Case = { scores: number[]; labels: number[]; original: number }[];

  const setOf = (given: Case) =>
    madeSet(
      given.map(({ labels }) => labels),
      { originals: given.map(({ original }) => original) },
    );
  const rowsOf = (given: Case): number[][] =>
    scoreRows(given.map(({ scores }) => Object.fromEntries(scores.entries())));
  const score = (given: Case, positions = inOrder(given.length), fileRows = rowsOf(given)) =>
    scorePredictions(
      { source: madeSource('scores', fileRows, 2), positions, set: setOf(given) },
      {
        resamples: 5,
        maxGroup: 3,
      },
    );

  it("gives exactly the same whatever the order of the file's rows", async () => {
    const shuffled = cases.chain((given) =>
      fc.tuple(
        fc.constant(given),
        fc.shuffledSubarray([...given.keys()], {
          minLength: given.length,
          maxLength: given.length,
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([given, order]) => {
        const fileRows = order.map((at) => rowsOf(given)[at]!);
        expect(await score(given, Uint32Array.from(order), fileRows)).toEqual(await score(given));
      }),
      limited,
    );
  });

  it('gives the same values for images in another order', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const [forth, back] = [await score(given), await score(given.toReversed())];
        expectSameValues(back, forth);
      }),
      limited,
    );
  });

  it('gives the same for classes under other numbers', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const renumbered = given.map(({ scores, labels, original }) => ({
          scores: scores.toReversed(),
          original: 11 - original,
          labels: labels.map((label) => 11 - label),
        }));
        expectSameValues(await score(renumbered), await score(given));
      }),
      limited,
    );
  });

  it('gives exactly the same for logits with a constant added', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const raised = rowsOf(given).map((row) =>
          row.map((value) => Math.round(value * 1000) + 64),
        );
        const plain = rowsOf(given).map((row) => row.map((value) => Math.round(value * 1000)));
        const positions = inOrder(given.length);
        expect(await score(given, positions, raised)).toEqual(await score(given, positions, plain));
      }),
      limited,
    );
  });

  it('gives variable top-k as top-1 where every image has one label', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const one = given.map((each) => ({ ...each, labels: [each.original] }));
        const { body } = await score(one);
        const { top1, real, variableTopK, exactMatch, asma } = body.metrics;
        for (const metric of [real, variableTopK, exactMatch]) expect(metric).toEqual(top1);
        expect(asma).toMatchObject({ value: top1!.value, n: top1!.n });
      }),
      limited,
    );
  });

  it('gives variable top-k as 1 where all classes are valid', async () => {
    const all = Array.from({ length: 1000 }, (_, label) => label);
    const { body } = await scorePredictions(
      {
        source: madeSource('scores', rows.slice(0, 2)),
        positions: inOrder(2),
        set: madeSet([all, all]),
      },
      few,
    );
    for (const name of ['variableTopK', 'exactMatch', 'asma', 'mapPerImage', 'lrap'] as const) {
      expect(body.metrics[name]!.value).toBe(1);
    }
  });

  function expectSameValues(found: Scores, expected: Scores): void {
    const values = ({ body }: Scores): [string, number | null][] =>
      listMetrics(body).map(([name, { value }]) => [name, value]);
    const wanted = new Map(values(expected));
    for (const [name, value] of values(found)) {
      if (value === null) expect([name, wanted.get(name)]).toEqual([name, null]);
      else expect(value).toBeCloseTo(wanted.get(name)!, 12);
    }
  }
});

describe('scorePredictions refuses', () => {
  const attempt = (source: ReturnType<typeof madeSource>, positions = inOrder(5)) =>
    scorePredictions({ source, positions, set }, few);

  it('scores of 1,001 classes, as those with a background class are', async () => {
    const source = madeSource('scores', [Array<number>(1001).fill(0)]);
    await expect(attempt(source)).rejects.toThrow('got 1001; leave out the background class');
  });

  it('scores of other than 1,000 classes', async () => {
    const source = madeSource('scores', [[1, 2, 3]]);
    await expect(attempt(source)).rejects.toThrow(
      'made.npy: expected the scores of 1000 classes a row, got 3',
    );
    await expect(attempt(source)).rejects.toBeInstanceOf(EvaluationError);
  });

  it.each([
    ['an image twice', [0, 1, 2, 3, 3]],
    ['an image that is not there', [0, 1, 2, 3, 5]],
    ['too few rows', [0, 1, 2, 3]],
  ])('positions with %s', async (_, positions) => {
    await expect(attempt(madeSource('scores', rows), Uint32Array.from(positions))).rejects.toThrow(
      'expected one row for each of the 5 images of made, got 5 rows',
    );
  });

  it('scores that are not finite, with their row and class', async () => {
    const broken = rows.map((row, at) => (at === 4 ? row.with(17, NaN) : row));
    await expect(attempt(madeSource('scores', broken))).rejects.toThrow(
      'made.npy: row 4, class 17 (from 0): expected a finite score, got NaN',
    );
  });

  it.each([
    ['out of range', [1, 1000], 'got 1000'],
    ['below 0', [-1, 1], 'got -1'],
    ['twice', [3, 3], 'got 3 twice'],
  ])('a rank %s', async (_, bad, says) => {
    const ranked = [[0, 1], [0, 1], [0, 1], [0, 1], bad];
    await expect(attempt(madeSource('ranked', ranked))).rejects.toThrow(
      `made.npy: row 4 (from 0): expected distinct class indices from 0 to 999, ${says}`,
    );
  });

  it('a source that has other rows than it says', async () => {
    const source = { ...madeSource('scores', rows.slice(0, 4)), images: 5 };
    await expect(attempt(source)).rejects.toThrow('expected 5 rows of 1000 values');
  });

  it('to go on when it is told to stop', async () => {
    const signal = AbortSignal.abort();
    const stopped = scorePredictions(
      { source: madeSource('scores', rows), positions: inOrder(5), set },
      { signal },
    );
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
  });
});

describe('scorePredictions, while it runs', () => {
  it('says how far it is, over both readings of scores', async () => {
    const said: string[] = [];
    await scorePredictions(
      { source: madeSource('scores', rows), positions: inOrder(5), set },
      {
        ...few,
        onProgress: ({ stage, done, total, unit }) =>
          said.push(`${stage} ${done}/${total} ${unit}`),
      },
    );
    expect(said).toEqual([
      'score 3/10 rows',
      'score 5/10 rows',
      'score 8/10 rows',
      'score 10/10 rows',
    ]);
  });
});

/** The original class of each of the 50,000 images, in file-name order. */
function readOriginals(): number[] {
  const rows = readFileSync(sharedInput.csv, 'utf8').trim().split('\n').slice(1).sort();
  return rows.map((row) => classOf(row.split(',')[1]!.split(' ')[0]!)!);
}

describeWithShared("ImageNet's original labels as predictions, against ReaL", () => {
  it('score 42,164 of 46,837', async () => {
    const path = join(dirname(sharedInput.csv), 'real.json');
    const labels = JSON.parse(readFileSync(path, 'utf8')) as number[][];
    const originals = readOriginals();
    const source: PredictionSource = {
      kind: 'ranked',
      images: originals.length,
      width: 1,
      ids: undefined,
      path: sharedInput.csv,
      // eslint-disable-next-line @typescript-eslint/require-await -- as files are read
      batches: async function* () {
        yield Int32Array.from(originals);
      },
    };
    const set = madeSet(labels, { originals });
    const { body } = await scorePredictions(
      { source, positions: inOrder(originals.length), set },
      {
        resamples: 100,
      },
    );
    const { real, top1, subgroups, asma } = body.metrics;
    expect(real).toMatchObject({ value: 42_164 / 46_837, n: 46_837 });
    // 3 standard errors, sqrt(0.9 * 0.1 / 46,837), are 0.4 points
    expect(real!.high! - real!.low!).toBeLessThan(0.008);
    expect(top1).toMatchObject({ value: 1, low: 1, high: 1, n: 50_000 });
    expect(subgroups['A_1']!.n).toBe(39_394);
    expect(asma).toMatchObject({ value: subgroups['A_1']!.value, n: 39_394, subgroups: ['A_1'] });
    expect(body.set).toMatchObject({ labelled: 46_837, unlabelled: 3163 });
    expect(body.unavailable['variableTopK']).toBe(
      'needs the 9 highest classes, but the predictions have 1',
    );
  });
});
