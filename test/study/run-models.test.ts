// A study that runs models: the bundled one, and files that are none.

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { makeSample } from '../../scripts/make-sample.js';
import { planStudy, type StudyPlan } from '../../src/study/estimate.js';
import { loadStudy, type Study } from '../../src/study/load.js';
import { runStudy, type StudyRun } from '../../src/study/run-study.js';
import { writeTree } from '../support/unit-folder.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let study: Study;
let plan: StudyPlan;
let run: StudyRun;

/** Runs it in a work folder of its own. */
function runIn(folder: string, jobs: number): Promise<StudyRun> {
  const work = join(folder, 'work');
  return runStudy({ study, out: join(folder, 'out'), work }, { jobs });
}

beforeAll(async () => {
  const folder = newFolder('study');
  await makeSample({ out: join(folder, 'sample'), seed: '1', trainPerClass: 0, valPerClass: 1 });
  const card = readFileSync('configs/models/sample.yaml', 'utf8');
  const model = readFileSync('configs/models/sample.onnx');
  // Both begin as a model does; one ends too early, the other asks for an input that is not there.
  writeTree(
    {
      'models/cut.yaml': card
        .replace('name: sample', 'name: cut')
        .replace('sample.onnx', 'cut.onnx'),
      'models/misfed.yaml': card
        .replace('name: sample', 'name: misfed')
        .replace('sample.onnx', 'misfed.onnx')
        .replace('name: pixels', 'name: image'),
      'models/whole.yaml': card.replace('sample.onnx', 'whole.onnx'),
    },
    folder,
  );
  for (const [name, bytes] of [
    ['cut', model.length / 2],
    ['misfed', model.length],
    ['whole', model.length],
  ] as const) {
    writeFileSync(join(folder, 'models', `${name}.onnx`), model.subarray(0, bytes));
  }
  const path = join(folder, 'study.yaml');
  writeFileSync(
    path,
    stringify({
      name: 'models',
      sets: {
        sample: { images: 'sample/val/images', labels: 'sample/val/labels.csv' },
        made: {
          recipe: resolve('configs/recipes/demo.yaml'),
          annotations: 'sample/val/annotations',
          images: 'sample/val/images',
          overrides: { sampling: { counts: { 1: 6, 2: 6 } } },
        },
        gone: { dataset: 'gone' },
      },
      models: [{ card: 'models/*.yaml' }],
      gaps: [['sample', 'made']],
      figures: ['subgroups'],
      scores: { resamples: 20 },
    }),
  );
  study = await loadStudy(path);
  plan = await planStudy({ study, work: join(newFolder('nothing'), 'work') }, { jobs: 1 });
  run = await runIn(newFolder('one'), 1);
}, 120_000);

it('names the models that fail and the set that is gone, and does the rest', () => {
  const failed = run.failures.map(({ set, model, error: { code } }) => [set, model, code]);
  expect(failed).toEqual([
    ['gone', undefined, 'enoent'],
    ['sample', 'cut', 'model-unreadable'],
    ['made', 'cut', 'model-unreadable'],
    ['sample', 'misfed', 'model-input-name'],
    ['made', 'misfed', 'model-input-name'],
  ]);
  expect(run.results.scores.map(({ set, model }) => [set, model])).toEqual([
    ['sample', 'sample'],
    ['made', 'sample'],
  ]);
  expect(run.results.gaps).toHaveLength(1);
});

it('estimates, without writing, from first batches of each model', () => {
  const { images, leftOut } = run.results.sets[0]!;
  const listed = images + leftOut['image-corrupt']!; // which only reading them finds
  const timed = plan.steps.filter(({ seconds }) => seconds !== undefined);
  expect(timed.map(({ action, set, model, images }) => [action, set, model, images])).toEqual([
    ['predict', 'sample', 'sample', listed],
    ['predict', 'made', 'sample', 12],
  ]);
  expect(timed.every(({ seconds }) => seconds! > 0)).toBe(true);
  const [dataset] = plan.steps;
  expect(dataset).toMatchObject({ action: 'generate', set: 'made', images: 12 });
  expect(new Set(plan.failures.map(({ set, model }) => model ?? set))).toEqual(
    new Set(['gone', 'cut', 'misfed']),
  );
});

it('has the same bytes from one job and from two', async () => {
  const folder = newFolder('two');
  const two = await runIn(folder, 2);
  expect(contentsOf(two.out)).toEqual(contentsOf(run.out));
  const again = await runIn(folder, 2);
  expect([again.scored, again.reused, again.isUnchanged]).toEqual([0, 2, true]);
  expect(again.failures.map(({ error: { code } }) => code)).toEqual(
    run.failures.map(({ error: { code } }) => code),
  );
});
