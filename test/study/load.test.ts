import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { globSync } from 'tinyglobby';
import { stringify } from 'yaml';
import { loadStudy, pathIn } from '../../src/study/load.js';
import { writeTree } from '../support/unit-folder.js';
import { studyFields } from '../support/unit-studies.js';

function write(text: string): string {
  return join(writeTree({ 'study.yaml': text }), 'study.yaml');
}

function withFields(fields: object): string {
  return write(stringify(studyFields(fields)));
}

describe("A study's file", () => {
  it.each(globSync('configs/studies/*.yaml'))('%s is valid', async (path) => {
    expect((await loadStudy(path)).path).toBe(path);
  });

  it('fills in the defaults', async () => {
    const { metrics, rules, scores, interval, figures } = await loadStudy(
      write(stringify({ ...studyFields(), figures: undefined, scores: undefined })),
    );
    expect({ metrics, rules, scores, interval }).toEqual({
      metrics: ['top1', 'real', 'subgroups', 'asma'],
      rules: ['fraction'],
      scores: { seed: '42', resamples: 1000, maxGroup: 5 },
      interval: 'range',
    });
    expect(figures.length).toBeGreaterThan(0);
  });

  it('has paths from its own folder, and inputs that are given from the working directory', async () => {
    const path = withFields({ inputs: { data: 'here/data', other: '/there' } });
    const study = await loadStudy(path, { data: 'given' });
    expect(study.inputs).toEqual({ data: resolve('given'), other: '/there' });
    expect(pathIn(study, '{data}/{set}.json', { set: 'first' })).toEqual({
      path: join(resolve('given'), 'first.json'),
      shown: '{data}/first.json',
    });
    expect(pathIn(study, 'labels.json').path).toBe(join(path, '..', 'labels.json'));
  });

  it.each<[string, object, string, string]>([
    [
      'a field that is not known, with the one that is like it',
      { modles: [] },
      'study-unknown-field',
      'unknown field "modles"; did you mean "models"?',
    ],
    [
      'a field of a set that is not known',
      { sets: { first: { label: 'first.json' } } },
      'study-unknown-field',
      'sets.first: unknown field "label"; did you mean "labels"?',
    ],
    [
      'a field of a model that is not known',
      { models: [{ predictons: 'a.csv' }] },
      'study-unknown-field',
      'models.0: unknown field "predictons"; did you mean "predictions"?',
    ],
    [
      'a field like none',
      { colour: 'red' },
      'study-unknown-field',
      'unknown field "colour"; docs/studies.md lists every field',
    ],
    ['a metric that is not known', { metrics: ['top2'] }, 'study-invalid-field', 'metrics.0'],
    ['a figure that is not known', { figures: ['pie'] }, 'study-invalid-field', 'figures.0'],
    ['no set', { sets: {} }, 'study-invalid-field', 'at least one set'],
    ['a name that leads out of its folder', { name: '../../x' }, 'study-invalid-field', 'name'],
    [
      'a set whose name leads out of its folder',
      { sets: { '../x': { labels: 'a.json' } } },
      'study-invalid-field',
      'sets',
    ],
    ['a set of nothing', { sets: { a: {} }, gaps: [] }, 'study-contradiction', 'sets.a'],
    [
      'a recipe without inputs',
      { sets: { a: { recipe: 'r.yaml' } }, gaps: [] },
      'study-contradiction',
      'annotations and images',
    ],
    ['a model of nothing', { models: [{}] }, 'study-contradiction', 'models.0'],
    [
      'a card with ranks',
      { models: [{ card: 'a.yaml', ranked: true }] },
      'study-contradiction',
      'ranked',
    ],
    [
      'one file of predictions for two sets',
      { models: [{ predictions: 'a.csv' }] },
      'study-contradiction',
      '{set}',
    ],
    [
      'an input that is not there',
      { models: [{ predictions: '{date}/{set}.csv' }] },
      'study-contradiction',
      '{date}',
    ],
    [
      'an input by a name that every object has',
      { models: [{ predictions: '{constructor}/{set}.csv' }] },
      'study-contradiction',
      '{constructor}',
    ],
    ['a gap to a set that is not there', { gaps: [['first', 'x']] }, 'study-contradiction', '"x"'],
    [
      'an input with a name of its own meaning',
      { inputs: { set: '.' } },
      'study-contradiction',
      'inputs.set',
    ],
  ])('is refused with %s', async (_, fields, code, says) => {
    await expect(loadStudy(withFields(fields))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says),
    });
  });

  it.each([
    ['text', 'name', 'study-not-fields'],
    ['a tag', 'name: !!js/function "x"', 'study-not-yaml'],
    ['a prototype', '__proto__: {}', 'study-not-yaml'],
    ['aliases that grow', `a: &a [x]\n${'b: &b [*a, *a]\n'.repeat(2)}`, 'study-not-yaml'],
    ['lists in lists', `sets: ${'['.repeat(1000)}`, 'study-not-yaml'],
    ['a megabyte', `name: ${'x'.repeat(1 << 20)}`, 'study-too-large'],
  ])('is refused that is %s', async (_, text, code) => {
    await expect(loadStudy(write(text))).rejects.toMatchObject({ code });
  });

  it('refuses an input that it does not have', async () => {
    const path = withFields({ inputs: { data: '.' } });
    await expect(loadStudy(path, { dota: '.' })).rejects.toMatchObject({
      code: 'study-unknown-input',
      message: expect.stringContaining('choose one of: data'),
    });
  });
});
