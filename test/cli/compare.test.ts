import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ModelComparison } from '../../src/score/compare-models.js';
import type { SetComparison } from '../../src/score/compare-sets.js';
import { writeScores } from '../../src/score/scores-folder.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { madeRun, madeSet } from '../support/unit-scores.js';
import { openWorkspace, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
/** Holds scores of three models on `val`, and of two of them on `vga` and `other`. */
let cwd: string;

const val = madeSet([[0], [1, 5], [2], [3, 6]], { name: 'val', originals: [0, 1, 2, 3] });
const others = ['vga', 'other'].map((name) =>
  madeSet([[0, 1], [2, 3], []], { name, digest: name.padEnd(64, '0') }),
);

/** Ranks that are right for the first images. */
function ranks(labels: readonly (readonly number[])[], right: number): number[][] {
  return labels.map((list, image) => (image < right ? [list[0] ?? 9, 8] : [9, 8]));
}

beforeAll(async () => {
  cwd = newFolder('scores');
  for (const [set, models] of [
    [val, ['a', 'b', 'c']],
    [others[0]!, ['a', 'b']],
    [others[1]!, ['b']],
  ] as const) {
    for (const model of models) {
      const right = 1 + ['a', 'b', 'c'].indexOf(model);
      const run = await madeRun(model, 'ranked', ranks(set.labels, right), set);
      await writeScores({
        out: join(cwd, set.name, model),
        scorecard: run.scorecard,
        perImage: await run.perImage(),
      });
    }
  }
});

const compare = (...args: string[]): Promise<CliRun> =>
  runCli(['compare', '--resamples', '50', ...args], { cwd });

describe('compare, of models on one set', () => {
  test('prints the models, the highest ASMA first, and the differences to the first', async () => {
    const run = await compare('val');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    // right at first: 1, 2 and 3 of 4; turned, as it would have more than 80 columns
    expect(run.stdout).toMatch(/│ +│ images │ +c │ +b │ +a │/);
    expect(run.stdout).toMatch(/│ top-1 +│ +4 │ +75\.0% │ +50\.0% │ +25\.0% │/);
    expect(run.stdout).toMatch(/│ +│ images │ +b │ +c │\n│ +│ +│ +- a │ +- a │/);
    expect(run.stdout).toMatch(/│ top-1 +│ +4 │ \+25\.0 \* │ \+50\.0 \* │/);
    for (const line of run.stdout.split('\n')) {
      if (line.startsWith('│')) expect(line.length).toBeLessThanOrEqual(80);
    }
    expect(run.stdout).toContain('Spearman');
    expect(run.stdout).toContain('50 resamples, seed 42');
  });

  test('takes the first that is named as the baseline, each folder once', async () => {
    const run = await compare(join('val', 'b'), 'val', '--json');
    const { pairs } = JSON.parse(run.stdout) as ModelComparison;
    expect(pairs.map(({ model, baseline }) => [model, baseline])).toEqual([
      ['a', 'b'],
      ['c', 'b'],
    ]);
  });

  test('compares all pairs, and writes JSON, Markdown and CSV', async () => {
    const run = await compare('val', '--all-pairs', '--out', 'made/all', '--quiet');
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const out = join(cwd, 'made', 'all');
    const names = ['comparison.csv', 'comparison.json', 'comparison.md', 'models.csv'];
    expect(readdirSync(out).sort()).toEqual(names);
    expect(readJson<ModelComparison>(join(out, 'comparison.json')).pairs).toHaveLength(3);
    const csv = readFileSync(join(out, 'comparison.csv'), 'utf8').trim().split('\n');
    expect(csv).toHaveLength(1 + 3 * 5);
    expect(csv[1]).toMatch(/^val,b,a,top1,0\.25,,,4,1,0,1$/);
    expect(readFileSync(join(out, 'models.csv'), 'utf8')).toMatch(/^model,set,scores,top1,/);
    expect(readFileSync(join(out, 'comparison.md'), 'utf8')).toContain('| c - b |');
  });
});

describe('compare, of two sets', () => {
  test('prints the gap of each model, and what is left out', async () => {
    const run = await compare('.', '--gap', 'val', 'vg', '--json');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const gap = JSON.parse(run.stdout) as SetComparison;
    expect([gap.first.name, gap.second.name]).toEqual(['val', 'vga']);
    // ReaL: a is right on 1 of 4 and 1 of 2, b on 2 of 4 and 2 of 2
    expect(gap.models.map(({ gaps }) => gaps.real!.value)).toEqual([-1 / 4, -1 / 2]);
    expect(gap.unmatched).toEqual({ first: ['c'], second: [] });
    const text = (await compare('.', '--gap', 'val', 'vga')).stdout;
    expect(text).toContain('25.0% - 50.0%');
    expect(text).toContain('left out: a on vga: the set has no original labels; same for 1 other.');
    expect(text).toContain('Only on val: c.');
  });

  test('writes it', async () => {
    await compare('.', '--gap', 'val', 'vga', '--out', 'gap');
    expect(readdirSync(join(cwd, 'gap')).sort()).toEqual(['gap.csv', 'gap.json', 'gap.md']);
    expect(readFileSync(join(cwd, 'gap', 'gap.csv'), 'utf8')).toMatch(
      /\na,real,val,vga,0\.25,0\.5,/,
    );
  });
});

describe('compare --out', () => {
  test('replaces an earlier comparison, and nothing else', async () => {
    const out = ['--out', 'again', '--quiet'];
    expect((await compare('val', ...out)).code).toBe(0);
    expect((await compare('val', '--all-pairs', ...out)).code).toBe(0);
    const { pairs } = readJson<ModelComparison>(join(cwd, 'again/comparison.json'));
    expect(pairs).toHaveLength(3);
    const gap = await compare('.', '--gap', 'val', 'vga', ...out);
    expectOneLine(
      gap,
      1,
      'again: this folder holds comparison.csv, which is not part of a comparison of sets',
    );
    expect(readdirSync(join(cwd, 'again'))).toHaveLength(4);
  });
});

describe('compare refuses', () => {
  test.each([
    [['.'], 1, 'val/a: these scores are on val, those of other/b on other; compare'],
    [[join('val', 'a')], 1, 'expected the scores of two models or more, got 1'],
    [['nowhere'], 1, 'no such file or folder'],
    [['.', '--gap', 'v', 'other'], 1, 'several sets match "v"; choose one of: val, vga'],
    [['.', '--gap', 'val', 'w'], 1, 'no scores on "w"; choose one of: other, val, vga'],
    [['.', '--gap', 'val', 'vga', '--all-pairs'], 2, 'cannot be used together'],
    [
      ['.', '--gap', 'val', 'vga', '--gap', 'val', 'other'],
      2,
      '--gap can be given only once, with two sets',
    ],
    [['val', '--resamples', '1e9'], 2, '--resamples'],
    [['val', '--gap', 'one'], 2, 'Not enough arguments following: gap'],
    [['val/a', './val/a/'], 1, 'expected the scores of two models or more, got 1'],
    [[], 2, 'pass the folders of scores to compare'],
  ] as const)('%p', async (args, code, says) => {
    expectOneLine(await compare(...args), code, says);
  });
});
