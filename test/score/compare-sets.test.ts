import { describe, expect, it } from '@jest/globals';
import { gap, meanStatistic } from '../../src/metrics/index.js';
import type { ScoreRun } from '../../src/score/compare-statistics.js';
import { compareSets, scoresOnSet } from '../../src/score/compare-sets.js';
import { gapNotes } from '../../src/score/compare-table.js';
import { madeRun, madeSet } from '../support/unit-scores.js';

const first = madeSet([[0], [1], [2], [3]], { name: 'first', originals: [0, 1, 2, 3] });
const second = madeSet([[0, 5], [1], []], { name: 'second', digest: 'e'.repeat(64) });
const few = { resamples: 100, minImages: 1 };

const onFirst = (name: string, right: number) => {
  const rows = [0, 1, 2, 3].map((label) => (label < right ? [label, 9] : [9, 8]));
  return madeRun(name, 'ranked', rows, first);
};
const onSecond = (name: string) =>
  madeRun(
    name,
    'ranked',
    [
      [0, 9],
      [9, 8],
      [9, 8],
    ],
    second,
  );

describe('compareSets', () => {
  it('takes the first set minus the second, model by model', async () => {
    const result = await compareSets(
      {
        first: [await onFirst('b', 4), await onFirst('a', 3), await onFirst('only', 1)],
        second: [await onSecond('a'), await onSecond('b')],
      },
      few,
    );
    expect(result.models.map(({ model }) => model)).toEqual(['a', 'b']);
    const { gaps, leftOut } = result.models[0]!;
    // ReaL: 3 of 4 against 1 of 2 (the image without labels is left out)
    expect(gaps.real).toMatchObject({
      value: 3 / 4 - 1 / 2,
      first: 3 / 4,
      second: 1 / 2,
      n: [4, 2],
    });
    // variable top-k: (1/2 + 0) / 2
    expect(gaps.variableTopK).toMatchObject({ value: 3 / 4 - 1 / 4, n: [4, 2] });
    // ASMA is of the subgroups that both sets have, A_1 alone: 0 of 1 on the second
    expect(result.options.subgroups).toEqual(['A_1']);
    expect(gaps.asma).toMatchObject({ value: 3 / 4 - 0, n: [4, 1] });
    expect(gaps['A_1']).toEqual(gaps.asma);
    // a: 3/4 - 0; b: 1 - 0
    expect(result.mean.asma).toEqual({
      value: (3 / 4 + 1) / 2,
      low: expect.closeTo(1 / 2 + 1 / 8, 12),
      high: 1,
      least: 3 / 4,
      most: 1,
      models: 2,
    });
    expect(result.mean.top1).toBeUndefined();
    expect(gaps.real!.low!).toBeLessThan(gaps.real!.high!);
    expect(gaps.top1).toBeUndefined();
    const reason = 'a on second: the set has no original labels';
    expect(leftOut.top1).toEqual(reason);
    expect(Object.keys(leftOut)).toEqual(['top1', 'top5']);
    expect(result.first.labelCounts).toEqual([0, 4]);
    expect(result.second.labelCounts).toEqual([1, 1, 1]);
    expect(result.unmatched).toEqual({ first: ['only'], second: [] });
  });

  it('has subgroups under every hit rule, and of models that are alike the mean of one', async () => {
    const result = await compareSets(
      {
        first: [await onFirst('a', 3), await onFirst('b', 3)],
        second: [await onSecond('a'), await onSecond('b')],
      },
      few,
    );
    const { gaps } = result.models[0]!;
    for (const name of ['asma', 'A_1', 'A_1_any', 'A_1_exact', 'real'] as const) {
      const { value, low, high } = gaps[name]!;
      expect([name, result.mean[name]]).toEqual([
        name,
        { value, low, high, least: value, most: value, models: 2 },
      ]);
    }
  });

  it('gives the intervals of the public gap', async () => {
    const [a, b] = [await onFirst('a', 3), await onSecond('a')];
    const { models } = await compareSets({ first: [a], second: [b] }, { minImages: 1 });
    const { real } = await gap(
      { real: meanStatistic((await a.perImage()).real) },
      { real: meanStatistic((await b.perImage()).real) },
      { minImages: 1 },
    );
    const { estimate, low, high, first, second, images } = real;
    expect(models[0]!.gaps.real).toEqual({ value: estimate, low, high, first, second, n: images });
  });

  it('compares everything between sets whose labels are of two rules, with one warning', async () => {
    const given = madeSet([[0], [1]], { name: 'given', rule: 'patchml', digest: 'f'.repeat(64) });
    const other = await madeRun('a', 'ranked', [[0], [9]], given);
    const result = await compareSets({ first: [await onFirst('a', 3)], second: [other] }, few);
    const { gaps } = result.models[0]!;
    // 3 of 4 against 1 of 2 under every rule
    for (const name of ['real', 'variableTopK', 'exactMatch', 'asma', 'asmaAny'] as const) {
      expect([name, gaps[name]]).toMatchObject([name, { value: 1 / 4, n: [4, 2] }]);
    }
    const notes = gapNotes(result);
    expect(notes).toContainEqual(expect.stringContaining('subgroups up to 5 labels'));
    expect(notes.filter((note) => note.startsWith('Warning:'))).toEqual([
      'Warning: the labels follow two rules, real (first) and patchml (given); gaps in metrics of ' +
        'labels are also gaps between the rules.',
    ]);
  });

  it('takes the scores of a set by its name, how it begins, or its folder', async () => {
    const ofFolder = (run: ScoreRun, folder: string): ScoreRun => ({ ...run, folder });
    const original = madeSet([[0]], { name: 'val', digest: '1'.repeat(64) });
    const real = madeSet([[0]], { name: 'val', digest: '2'.repeat(64) });
    const [a, b, c] = [
      ofFolder(await madeRun('a', 'ranked', [[0]], original), 'scores/val/a'),
      ofFolder(await madeRun('a', 'ranked', [[0]], real), 'scores/val-real/a'),
      ofFolder(await onFirst('a', 1), 'scores/first/a'),
    ];
    expect(scoresOnSet([a, b, c], 'first')).toEqual([c]);
    expect(scoresOnSet([a, b, c], 'fi')).toEqual([c]);
    expect(scoresOnSet([a, b, c], 'val-real')).toEqual([b]);
    expect(scoresOnSet([a, b, c], 'scores/val-real/')).toEqual([b]);
    expect(scoresOnSet([a, b, c], 'val')).toEqual([a]); // the folder: two sets have the name
    const said = 'several sets match "va"; choose one of: scores/val, scores/val-real';
    expect(() => scoresOnSet([a, b, c], 'va')).toThrow(said);
    expect(() => scoresOnSet([a, b, c], 'x')).toThrow('no scores on "x"; choose one of: first, sc');
  });

  it('refuses scores with other subgroups', async () => {
    const options = { resamples: 20, maxGroup: 2 };
    const other = await madeRun('a', 'ranked', [[0], [9], [9]], second, options);
    await expect(
      compareSets({ first: [await onFirst('a', 3)], second: [other] }, few),
    ).rejects.toThrow(
      'scores/a: these scores have subgroups up to 2 labels, those of scores/a up to 5; score',
    );
  });

  it('refuses sets that share no model, and a model twice', async () => {
    const [a, b] = [await onFirst('a', 1), await onSecond('b')];
    await expect(compareSets({ first: [a], second: [b] }, few)).rejects.toThrow(
      'no model has scores on both sets',
    );
    const c = await onSecond('a');
    await expect(compareSets({ first: [a, a], second: [c] }, few)).rejects.toThrow(
      'a on first is also in scores/a',
    );
    await expect(
      compareSets({ first: [a, await onSecond('c')], second: [c] }, few),
    ).rejects.toThrow('these scores are on another second than those of scores/a');
  });
});
