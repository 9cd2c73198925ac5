import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openAllScores } from '../../src/score/scores-folder.js';
import { loadStudy } from '../../src/study/load.js';
import { type StudyResults, studyResultsSchema } from '../../src/study/results.js';
import { runStudy, type RunStudyOptions, type StudyRun } from '../../src/study/run-study.js';
import type { StudyInput } from '../../src/study/schema.js';
import { writeTree } from '../support/unit-folder.js';
import { writeStudy, writeStudyFiles } from '../support/unit-studies.js';
import { contentsOf, readJson } from '../support/workspace.js';

const MODELS = ['plain', 'better', 'best'];

/** Runs the study of a folder; what it keeps and gives is in `work` and `out` there. */
async function runIn(
  folder: string,
  fields: Partial<StudyInput> = {},
  options: RunStudyOptions & { out?: string; work?: string } = {},
): Promise<StudyRun> {
  const { out = join(folder, 'out'), work = join(folder, 'work'), ...others } = options;
  const study = await loadStudy(writeStudy(folder, fields));
  return runStudy({ study, out, work }, others);
}

const codesOf = ({ failures }: StudyRun): [string | undefined, string | undefined, string][] =>
  failures.map(({ set, model, error }) => [set, model, error.code]);

describe('A study', () => {
  it('scores predictions on two label sets and writes its results, which fit their schema', async () => {
    const folder = writeStudyFiles(MODELS);
    const run = await runIn(folder);
    expect([run.scored, run.reused, run.isUnchanged, run.failures]).toEqual([6, 0, false, []]);
    const results = studyResultsSchema.parse(readJson(join(folder, 'out', 'study.json')));
    expect(results.sets.map(({ name, labelCounts }) => [name, labelCounts])).toEqual([
      ['first', [0, 24, 22, 21, 2]],
      ['second', [0, 24, 22, 21, 2]],
    ]);
    expect(results.scores.map(({ set, model, folder }) => [set, model, folder])).toEqual(
      ['first', 'second'].flatMap((set) =>
        ['best', 'better', 'plain'].map((model) => [set, model, `scores/${set}/${model}`]),
      ),
    );
    expect(results.columns).toEqual(['real', 'A_1', 'A_2', 'A_3', 'A_4', 'asma']);
  });

  it('has the numbers of the scorecards beside it, and their differences as gaps', async () => {
    const folder = writeStudyFiles(MODELS);
    const { results, out } = await runIn(folder);
    const scorecards = (await openAllScores([join(out, 'scores')])).map((each) => each.scorecard);
    const asmaOf = (set: string, model: string): number =>
      scorecards.find((each) => each.set.name === set && each.model.name === model)!.metrics.asma!
        .value!;
    for (const { set, model, metrics } of results.scores) {
      expect(metrics['asma']!.value).toBe(asmaOf(set, model));
    }
    const [gap] = results.gaps;
    const gaps = gap!.models.map(({ model, gaps }) => [model, gaps['asma']!.value]);
    expect(gaps).toEqual(
      ['best', 'better', 'plain'].map((model) => [
        model,
        expect.closeTo(asmaOf('first', model) - asmaOf('second', model), 12),
      ]),
    );
    const values = gaps.map(([, value]) => value as number);
    const mean = gap!.mean['asma']!;
    expect(mean).toMatchObject({
      value: expect.closeTo(values.reduce((sum, value) => sum + value, 0) / 3, 12),
      least: Math.min(...values),
      most: Math.max(...values),
      models: 3,
    });
    expect(mean.low).toBeLessThan(mean.value);
    expect(mean.high).toBeGreaterThan(mean.value);
    const table = readFileSync(join(out, 'tables', 'mean-gaps.csv'), 'utf8');
    expect(table).toContain(
      `\nfirst,second,asma,${values.length},${mean.value},${mean.low},${mean.high},${mean.least},${mean.most}\n`,
    );
  });

  it('that is run again writes nothing, and changes no byte', async () => {
    const folder = writeStudyFiles(MODELS);
    await runIn(folder);
    const [before, { ino }] = [contentsOf(folder), statSync(join(folder, 'out'))];
    const again = await runIn(folder);
    expect([again.scored, again.reused, again.isUnchanged]).toEqual([0, 6, true]);
    expect(contentsOf(folder)).toEqual(before);
    expect(statSync(join(folder, 'out')).ino).toBe(ino);
  });

  it('has the same bytes wherever its files lie, and says no path of the machine', async () => {
    const [one, other] = [writeStudyFiles(MODELS), writeStudyFiles(MODELS)];
    await runIn(one);
    await runIn(other, {}, { jobs: 2, out: join(other, 'elsewhere') });
    expect(contentsOf(join(other, 'elsewhere'))).toEqual(contentsOf(join(one, 'out')));
    for (const path of Object.keys(contentsOf(join(one, 'out')))) {
      if (statSync(join(one, 'out', path)).isDirectory()) continue;
      expect([path, readFileSync(join(one, 'out', path), 'latin1').includes(one)]).toEqual([
        path,
        false,
      ]);
    }
  });

  it('scores again only what has changed', async () => {
    const folder = writeStudyFiles(MODELS);
    await runIn(folder);
    const path = join(folder, 'predictions', 'second', 'best.csv');
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [lines[0], ...lines.slice(1, -1).reverse(), ''].join('\n'));
    const again = await runIn(folder);
    expect([again.scored, again.reused, again.isUnchanged]).toEqual([1, 5, false]);
  });

  it('puts right what was changed in its folder, but keeps a file that is not its own', async () => {
    const folder = writeStudyFiles(MODELS);
    const { out } = await runIn(folder);
    const before = contentsOf(out);
    rmSync(join(out, 'tables', 'label-counts.csv'));
    expect((await runIn(folder)).isUnchanged).toBe(false);
    expect(contentsOf(out)).toEqual(before);
    writeTree({ 'tables/mine.csv': 'mine' }, out);
    await expect(runIn(folder)).rejects.toMatchObject({
      code: 'output-not-study',
      message: expect.stringContaining('tables/mine.csv'),
    });
  });

  it('is not written over that of another name, unless it is to be', async () => {
    const folder = writeStudyFiles(MODELS);
    await runIn(folder);
    await expect(runIn(folder, { name: 'other' })).rejects.toMatchObject({
      code: 'output-other-study',
    });
    expect((await runIn(folder, { name: 'other' }, { overwrite: true })).results.name).toBe(
      'other',
    );
  });

  it('goes on after a model that fails, and names it', async () => {
    const folder = writeStudyFiles(MODELS);
    writeTree({ 'predictions/first/better.csv': 'file,top1\nnobody.jpg,3\n' }, folder);
    const run = await runIn(folder);
    expect(codesOf(run)).toEqual([['first', 'better', 'predictions-unknown-ids']]);
    expect(run.results.scores).toHaveLength(5);
    expect(run.results.gaps[0]!.models.map(({ model }) => model)).toEqual(['best', 'plain']);
    expect(run.results.failures).toEqual([
      { set: 'first', model: 'better', code: 'predictions-unknown-ids' },
    ]);
    const table = readFileSync(join(folder, 'out', 'tables', 'scores-first.md'), 'utf8');
    expect(table).toContain('better failed: predictions-unknown-ids.');
  });

  it('goes on without a set that is not there', async () => {
    const folder = writeStudyFiles(MODELS);
    rmSync(join(folder, 'second.json'));
    const run = await runIn(folder);
    expect(codesOf(run)).toEqual([['second', undefined, 'enoent']]);
    expect(run.results.sets.map(({ name }) => name)).toEqual(['first']);
    expect([run.results.scores.length, run.results.gaps]).toEqual([3, []]);
  });

  it('fails where there is nothing to score', async () => {
    const folder = writeStudyFiles([]);
    await expect(runIn(folder)).rejects.toMatchObject({ code: 'study-no-scores' });
  });

  it('leaves out the models that it says, with the reason in its tables', async () => {
    const folder = writeStudyFiles(MODELS);
    const leaveOut = [{ model: 'best', set: 'second', reason: 'its ranks are reversed' }];
    const { results } = await runIn(folder, { leaveOut });
    expect(results.gaps[0]!.models.map(({ model }) => model)).toEqual(['better', 'plain']);
    const [first, second] = ['first', 'second'].map((set) =>
      readFileSync(join(folder, 'out', 'tables', `scores-${set}.md`), 'utf8'),
    );
    expect(first).not.toContain('its ranks are reversed');
    expect(second).toContain('best on second left out: its ranks are reversed.');
  });

  it('compares every model with a baseline, and metrics with each other', async () => {
    const folder = writeStudyFiles(MODELS);
    const { results } = await runIn(folder, { baseline: 'plain', rules: ['any', 'fraction'] });
    expect(results.columns.filter((name) => name.startsWith('asma'))).toEqual(['asma', 'asmaAny']);
    expect(results.differences.map(({ set, model, baseline }) => [set, model, baseline])).toEqual([
      ['first', 'best', 'plain'],
      ['first', 'better', 'plain'],
      ['second', 'best', 'plain'],
      ['second', 'better', 'plain'],
    ]);
    const pairs: StudyResults['correlations'] = results.correlations;
    expect(pairs.every(({ models }) => models === 3)).toBe(true);
    expect(pairs).toContainEqual({
      first: { set: 'first', metric: 'asma' },
      second: { set: 'second', metric: 'asma' },
      spearman: 1,
      kendall: 1,
      models: 3,
    });
  });

  it('takes two names of one set for two sets, as where predictions were made in two ways', async () => {
    const folder = writeStudyFiles(MODELS);
    const predictions = join(folder, 'predictions');
    cpSync(join(predictions, 'first'), join(predictions, 'twin'), { recursive: true });
    const { results, failures, out } = await runIn(folder, {
      sets: { first: { labels: 'first.json' }, twin: { labels: 'first.json' } },
      gaps: [['first', 'twin']],
      figures: ['subgroups'],
    });
    expect([failures, results.gaps[0]!.mean['asma']!.value]).toEqual([[], 0]);
    expect(readdirSync(join(out, 'figures')).filter((name) => name.endsWith('.svg'))).toEqual([
      'subgroups-first-fraction.svg',
      'subgroups-twin-fraction.svg',
    ]);
  });

  it('waits for another that has the same work folder', async () => {
    const folder = writeStudyFiles(MODELS);
    const work = join(folder, 'work');
    const runs = await Promise.all(
      ['a', 'b'].map((out) => runIn(folder, {}, { work, out: join(folder, out) })),
    );
    expect(runs.map(({ failures }) => failures)).toEqual([[], []]);
    expect(contentsOf(join(folder, 'a'))).toEqual(contentsOf(join(folder, 'b')));
  });
});
