import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { type Estimate, OPERATIONS } from '../../src/cluster/cost.js';
import { recipeCost } from '../../src/cluster/estimate.js';
import type { Rates } from '../../src/cluster/stage-trial.js';
import { estimateRecipe, estimateStudy, loadStudy } from '../../src/index.js';
import { type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { madeRecipe, writeRecipe } from '../support/made-recipe.js';
import { runCli } from '../support/run-cli.js';
import { writeStudy, writeStudyFiles } from '../support/unit-studies.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();

describe('recipeCost', () => {
  const recipe = madeRecipe({ sampling: { counts: { 2: 500_000, 3: 500_000 } } });
  /** 100,000 annotations of which half have an image and 1.5 patches. */
  const rates: Rates = {
    isOwn: { index: true, pool: true },
    annotated: 100_000,
    images: 0.5,
    patches: 1.5,
    cpu: { index: 1e-4, extract: 3e-3, plan: 1e-5, compose: 2e-3, verify: 1e-4 },
    bytes: { annotation: 100, image: 1e5, patch: 5e4, row: 250, composed: 4e4 },
  };
  const machines = { machines: 2, cores: 10, bandwidth: 1000, piece: 1000 };
  const step = (estimate: Estimate, name: string) =>
    estimate.steps.find((each) => each.name === name)!;

  test('multiplies the time and the bytes of an image', () => {
    const estimate = recipeCost(recipe, rates, machines);
    expect(step(estimate, 'extract')).toMatchObject({
      items: 50_000,
      coreSeconds: 150,
      isDivided: true,
      bytes: 5e9 + 7.5e9,
    });
    expect(step(estimate, 'compose')).toMatchObject({ items: 1_000_000, coreSeconds: 2000 });
    // index 10, extract 150, merge 15, plan 10, compose 2000, merge 100
    expect(estimate.coreHours).toBeCloseTo(2285 / 3600, 10);
    expect(estimate.storage).toEqual({ pool: 7.5e9, plan: 2.5e8, dataset: 4e10 });
    const { pieces, redis, s3 } = estimate.operations;
    expect(pieces).toBe(50 + 1000 + 4);
    const { composedImage, piece: ofPiece } = OPERATIONS.s3;
    expect(s3).toBe(100_000 + 50_000 + composedImage * 1_000_000 + ofPiece * 1054);
    const { piece, second } = OPERATIONS.redis;
    expect(redis).toBe(Math.round(piece * 1054 + second * estimate.seconds));
  });

  test('divides the time by the cores, but not that of one process, nor below what the storage gives', () => {
    const estimate = recipeCost(recipe, rates, machines);
    expect(step(estimate, 'compose')).toMatchObject({ seconds: 100, limit: 'processor' });
    expect(step(estimate, 'merge of the dataset')).toMatchObject({
      seconds: 50, // of 100 CPU seconds, in two threads
      limit: 'one process',
    });
    expect(step(estimate, 'extract')).toMatchObject({ seconds: 12.5, limit: 'storage' });
  });

  test('names what stops more cores from helping', () => {
    // extract moves 12.5 GB in 150 CPU seconds; single processes take 85 s: 10 + 15 + 10 + 50
    const storage = recipeCost(recipe, rates, machines).bottleneck!;
    expect(storage).toEqual({ step: 'extract', limit: 'storage', cores: 12 });
    const fast = recipeCost(recipe, rates, { ...machines, bandwidth: 100_000 }).bottleneck!;
    expect(fast).toEqual({ step: 'merge of the dataset', limit: 'one process', cores: 25 });
  });
});

describe('estimateRecipe', () => {
  let input: InputFolders;

  beforeAll(async () => {
    input = writeFolders(newFolder('input'), await makeImages({ images: 12 }));
  });

  test('tries the stages on a sample, and counts for as many images as are said', async () => {
    const recipe = madeRecipe({ sampling: { counts: { 2: 4000, 3: 2000 } } });
    const here = await estimateRecipe({ recipe, ...input }, { sample: 6, jobs: 1 });
    const more = await estimateRecipe({ recipe, ...input, annotated: 1200 }, { jobs: 1 });
    for (const { steps, storage } of [here, more]) {
      expect(steps.map(({ name }) => name)).toEqual([
        ...['index', 'extract', 'merge of the pool'],
        ...['plan', 'compose', 'merge of the dataset'],
      ]);
      expect(steps.every(({ coreSeconds, bytes }) => coreSeconds > 0 && bytes > 0)).toBe(true);
      // 224 x 224 pixels of a plain image, and its row
      expect(storage['dataset']! / 6000).toBeGreaterThan(1000);
      expect(storage['dataset']! / 6000).toBeLessThan(150_000);
    }
    const items = (estimate: Estimate) => estimate.steps.map(({ items: count }) => count);
    expect(items(here)[0]).toBe(12);
    expect(items(more)[0]).toBe(1200);
    expect(items(more).slice(3)).toEqual([6000, 6000, 6000]);
  });

  test('refuses what is out of range', async () => {
    const recipe = madeRecipe();
    for (const options of [{ machines: 0 }, { cores: 1.5 }, { bandwidth: NaN }, { sample: -1 }]) {
      await expect(estimateRecipe({ recipe, ...input }, options)).rejects.toMatchObject({
        code: 'option-out-of-range',
      });
    }
  });

  test('the command prints what it costs', async () => {
    const cwd = newFolder('cli');
    const path = writeRecipe(cwd, { sampling: { counts: { 2: 12 } } });
    const flags = ['-a', input.annotations, '-i', input.images, '--machines', '3', '--jobs', '1'];
    const { code, stdout } = await runCli(['estimate', path, ...flags], { cwd });
    expect(code).toBe(0);
    for (const text of ['core-hours', '3 x 16 cores', 'requests to S3', 'first bottleneck']) {
      expect(stdout).toContain(text);
    }
    expect(existsSync(join(cwd, 'output'))).toBe(false);
  });
});

describe('estimateStudy', () => {
  test('adds up what is to be done, and names what is left out', async () => {
    const folder = writeStudyFiles(['plain', 'better']);
    const study = await loadStudy(writeStudy(folder));
    const { steps, leftOut, gpuHours } = await estimateStudy({ study, work: join(folder, 'work') });
    expect(steps.map(({ name, items }) => [name, items])).toEqual(
      ['better', 'plain'].flatMap((model) =>
        ['first', 'second'].map((set) => [`${model} on ${set}`, 69]),
      ),
    );
    expect(steps.every(({ coreSeconds }) => coreSeconds > 0)).toBe(true);
    expect({ leftOut, gpuHours }).toEqual({ leftOut: [], gpuHours: 0 });
  });

  test('estimates the datasets that are not there, and what they have in common once', async () => {
    const folder = newFolder('datasets');
    const folders = writeFolders(folder, await makeImages({ images: 12 }));
    writeRecipe(folder, { sampling: { counts: { 1: 400, 2: 800 } } });
    const sample = readFileSync('configs/models/sample.yaml', 'utf8');
    const model = resolve('configs/models/sample.onnx');
    writeFileSync(
      join(folder, 'one.yaml'),
      stringify({ ...(parse(sample) as object), name: 'one', model }),
    );
    const few = { recipe: 'recipe.yaml', ...folders };
    const study = await loadStudy(
      writeStudy(folder, {
        sets: {
          few,
          more: { ...few, overrides: { sampling: { counts: { 1: 2000 } } } },
          lost: { ...few, overrides: { sampling: { counts: { 30: 2 } } } },
        },
        models: [{ card: 'one.yaml' }],
        gaps: [],
      }),
    );
    const { steps, leftOut, storage, files } = await estimateStudy(
      { study, work: join(folder, 'work') },
      { jobs: 1 },
    );
    expect(steps.map(({ name, items }) => [name, items])).toEqual([
      ['few: index', 12],
      ['few: extract', 12],
      ['few: plan', 1200],
      ['few: compose', 1200],
      ['more: plan', 2000],
      ['more: compose', 2000],
    ]);
    expect(Object.keys(storage).sort()).toEqual(['dataset', 'plan', 'pool']);
    expect(leftOut).toEqual([
      expect.stringMatching(/^lost: /),
      ...['few', 'more', 'lost'].map(
        (set) => `one on ${set}: no images to try it on; generate a dataset first`,
      ),
    ]);
    expect(files).toBeGreaterThan(3200);
  });

  test('the command takes a study, too', async () => {
    const folder = writeStudyFiles(['plain']);
    const args = ['estimate', writeStudy(folder), '--json'];
    const { code, stdout } = await runCli(args, { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ gpuHours: 0, machines: { machines: 1, cores: 16 } });
  });
});
