import { describe, expect, it } from '@jest/globals';
import { gap, meanStatistic } from '../../src/metrics/index.js';
import { compareSets } from '../../src/score/compare-sets.js';
import { gapNotes } from '../../src/score/compare-table.js';
import { madeRun, madeSet } from '../support/unit-scores.js';

const first = madeSet([[0], [1], [2], [3]], { name: 'first', originals: [0, 1, 2, 3] });
const second = madeSet([[0, 5], [1], []], { name: 'second', digest: 'e'.repeat(64) });
const few = { resamples: 100 };

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
    expect(gaps.asma).toMatchObject({ value: 3 / 4 - (0 + 1 / 2) / 2 });
    expect(gaps.real!.low!).toBeLessThan(gaps.real!.high!);
    expect(gaps.top1).toBeUndefined();
    expect(leftOut).toEqual({ top1: 'a on second: the set has no original labels' });
    expect(result.first.labelCounts).toEqual([0, 4]);
    expect(result.second.labelCounts).toEqual([1, 1, 1]);
    expect(result.unmatched).toEqual({ first: ['only'], second: [] });
  });

  it('gives the intervals of the public gap', async () => {
    const [a, b] = [await onFirst('a', 3), await onSecond('a')];
    const { models } = await compareSets({ first: [a], second: [b] });
    const { real } = await gap(
      { real: meanStatistic((await a.perImage()).real) },
      { real: meanStatistic((await b.perImage()).real) },
    );
    const { estimate, low, high, first, second, images } = real;
    expect(models[0]!.gaps.real).toEqual({ value: estimate, low, high, first, second, n: images });
  });

  it('leaves ReaL out between sets whose labels are of two rules, and warns of the others', async () => {
    const given = madeSet([[0], [1]], { name: 'given', rule: 'patchml', digest: 'f'.repeat(64) });
    const other = await madeRun('a', 'ranked', [[0], [9]], given);
    const result = await compareSets({ first: [await onFirst('a', 3)], second: [other] }, few);
    expect(Object.keys(result.models[0]!.gaps)).toEqual(['variableTopK', 'asma']);
    expect(result.models[0]!.leftOut.real).toBe("the sets' labels are of two rules");
    expect(gapNotes(result)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('subgroups up to 5 labels'),
        expect.stringMatching(/^Warning: .*two rules.*variable top-k and ASMA/),
        "ReaL left out: the sets' labels are of two rules.",
      ]),
    );
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
    ).rejects.toThrow('these are scores on another second than scores/a');
  });
});
