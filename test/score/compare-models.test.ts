import { describe, expect, it } from '@jest/globals';
import { EvaluationError } from '../../src/errors.js';
import {
  asmaStatistic,
  labelSet,
  meanStatistic,
  pairedBootstrap,
} from '../../src/metrics/index.js';
import { compareModels } from '../../src/score/compare-models.js';
import { comparisonNotes } from '../../src/score/compare-table.js';
import { madeRun, madeSet } from '../support/unit-scores.js';

// Eight images, alternately with one and two labels; the classes from 100 are never valid.
const labels = [[0], [1, 11], [2], [3, 13], [4], [5, 15], [6], [7, 17]];
const originals = labels.map(([label]) => label!);
const set = madeSet(labels, { originals });

/** Two ranks an image; 2: all labels found, 1: only the last one, 0: none. */
function ranks(found: string): number[][] {
  return labels.map((list, image) => {
    const [a, b] = [list[0]!, list.at(-1)!];
    if (found[image] === '2') return a === b ? [a, 100] : [a, b];
    return found[image] === '1' && a !== b ? [b, 100] : [100, 101];
  });
}

const run = (name: string, found: string) => madeRun(name, 'ranked', ranks(found), set);
const few = { resamples: 200, minImages: 1 };

describe('compareModels', () => {
  it('takes differences to the first model, with the exact test', async () => {
    const runs = [await run('base', '22000000'), await run('good', '22222201')];
    const { pairs, models, correlations } = await compareModels(runs, few);
    expect(models.map(({ name }) => name)).toEqual(['base', 'good']);
    expect(pairs).toHaveLength(1);
    const { model, baseline, differences, mcnemar, leftOut } = pairs[0]!;
    expect([model, baseline]).toEqual(['good', 'base']);
    // right at first: 6 of 8 against 2 of 8
    expect(differences.top1).toMatchObject({ value: 4 / 8, n: 8 });
    // the last image's second label is valid: 7 of 8 against 2 of 8
    expect(differences.real).toMatchObject({ value: 5 / 8 });
    // variable top-k: 6 + 1/2 against 2
    expect(differences.variableTopK).toMatchObject({ value: 4.5 / 8 });
    // A_1: 3/4 - 1/4; A_2: (3 + 1/2)/4 - 1/4
    expect(differences.asma!.value).toBeCloseTo((2 / 4 + 2.5 / 4) / 2, 14);
    expect(differences.exactMatch).toMatchObject({ value: 4 / 8 });
    // only the model right: images 2 to 5; two-sided 2 / 2^4
    expect(mcnemar).toEqual({
      metric: 'top1',
      onlyModel: 4,
      onlyBaseline: 0,
      images: 8,
      pValue: 2 / 16,
    });
    expect(leftOut).toEqual({});
    expect(correlations).toEqual([]);
  });

  it('finds just the intervals of the paired bootstrap', async () => {
    const [a, b] = [await run('a', '20210210'), await run('b', '22222201')];
    const { pairs } = await compareModels([a, b], { minImages: 1 });
    const lists = labelSet(labels, 1000);
    const [mine, theirs] = [await b.perImage(), await a.perImage()];
    const statistics = ({ real, variableTopK }: typeof mine) => ({
      real: meanStatistic(real),
      asma: asmaStatistic(variableTopK, lists),
    });
    const expected = await pairedBootstrap(statistics(mine), statistics(theirs), {
      minImages: 1,
    });
    for (const name of ['real', 'asma'] as const) {
      const { estimate, low, high, images } = expected[name];
      expect(pairs[0]!.differences[name]).toEqual({ value: estimate, low, high, n: images });
    }
  });

  it('finds no difference between a model and itself', async () => {
    const same = [await run('a', '20210210'), await run('b', '20210210')];
    const { pairs } = await compareModels(same, few);
    expect(pairs[0]!.differences.asma).toMatchObject({ value: 0, low: 0, high: 0 });
    expect(pairs[0]!.mcnemar).toMatchObject({ onlyModel: 0, onlyBaseline: 0, pValue: 1 });
  });

  it('compares all pairs where told to, and models that are many', async () => {
    const runs = await Promise.all(
      Array.from({ length: 18 }, (_, at) => run(`m${at}`, `${'2'.repeat(at % 8)}00000000`)),
    );
    const first = await compareModels(runs, { resamples: 10 });
    const all = await compareModels(runs, { resamples: 10, allPairs: true });
    expect([first.pairs.length, all.pairs.length]).toEqual([17, (18 * 17) / 2]);
    const pairOf = ({ pairs }: typeof all) => pairs.find(({ model }) => model === 'm17')!;
    expect(pairOf(all)).toEqual(pairOf(first));
  });

  it('correlates the metrics of three models and more', async () => {
    // top-1: 1, 2, 3 of 8; ReaL: 5, 2, 3 of 8
    const runs = [
      await run('a', '21010101'),
      await run('b', '22000000'),
      await run('c', '22200000'),
    ];
    const { correlations, models } = await compareModels(runs, few);
    expect(models.map(({ metrics }) => [metrics.top1, metrics.real])).toEqual([
      [1 / 8, 5 / 8],
      [2 / 8, 2 / 8],
      [3 / 8, 3 / 8],
    ]);
    // ranks 1, 2, 3 and 3, 1, 2: rho = 1 - 6 (4 + 1 + 1) / (3 * 8), one of three pairs concordant
    const found = correlations.find(({ first, second }) => first === 'top1' && second === 'real');
    expect(found!.spearman).toBeCloseTo(-0.5, 12);
    expect(found!.kendall).toBeCloseTo(-1 / 3, 12);
    expect(correlations).toHaveLength(10);
  });

  it('tests on ReaL where there are no originals', async () => {
    const without = madeSet(labels);
    const runs = [
      await madeRun('a', 'ranked', ranks('00000001'), without),
      await madeRun('b', 'ranked', ranks('00000000'), without),
    ];
    const { pairs } = await compareModels(runs, few);
    expect(pairs[0]!.mcnemar).toMatchObject({ metric: 'real', onlyBaseline: 1, pValue: 1 });
    expect(pairs[0]!.differences.top1).toBeUndefined();
    expect(pairs[0]!.leftOut).toEqual({ top1: 'a on made: the set has no original labels' });
  });

  it('leaves out what the ranks of one model do not reach, and says so', async () => {
    const one = ranks('22222222').map(([label]) => [label!]);
    const runs = [await run('two', '22222222'), await madeRun('one', 'ranked', one, set)];
    const { pairs, models, options } = await compareModels(runs, few);
    expect(Object.keys(pairs[0]!.differences)).toEqual(['top1', 'real', 'asma']);
    expect(pairs[0]!.leftOut.variableTopK).toBe(
      'one on made: needs the 2 highest classes, but the predictions have 1',
    );
    // ASMA of both is of the subgroup that both reach: the four images with one label
    expect(options.subgroups).toEqual(['A_1']);
    expect(pairs[0]!.differences.asma).toMatchObject({ value: 0, n: 4 });
    expect(models.map(({ metrics }) => metrics.asma)).toEqual([1, 1]);
  });

  it('tells runs of one model apart by their folders', async () => {
    const runs = [await run('a', '20210210'), await run('a', '20210210')];
    const { models } = await compareModels(runs, few);
    expect(models.map(({ name }) => name)).toEqual(['a (scores/a)', 'a (scores/a)']);
  });

  it('refuses runs with other subgroups, and says which subgroups it is about', async () => {
    const first = await run('a', '20210210');
    const options = { resamples: 20, maxGroup: 3 };
    const other = await madeRun('b', 'ranked', ranks('20210210'), set, options);
    await expect(compareModels([first, other], few)).rejects.toMatchObject({
      code: 'compare-other-subgroups',
      message:
        'scores/b: these scores have subgroups up to 3 labels, those of scores/a up to 5; ' +
        'score both with the same --max-group',
    });
    const same = await compareModels([other, other], few);
    expect(comparisonNotes(same)[0]).toContain('subgroups up to 3 labels');
  });

  it('refuses runs of different sets, and a single run', async () => {
    const other = madeSet(labels, { originals, name: 'other', digest: 'e'.repeat(64) });
    const runs = [await run('a', '2'), await madeRun('b', 'ranked', ranks('2'), other)];
    await expect(compareModels(runs, few)).rejects.toThrow(
      'scores/b: these scores are on other, those of scores/a on made; compare scores on one set',
    );
    await expect(compareModels(runs.slice(1), few)).rejects.toBeInstanceOf(EvaluationError);
  });
});
