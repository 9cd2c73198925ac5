import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DatasetLock, DatasetSummary } from '../../src/dataset/dataset.js';
import { countObjects, type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { saidBesideProgress } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 24 });
let input: InputFolders;
let recipe: string;

beforeAll(() => {
  const folder = newFolder('input');
  input = writeFolders(folder, images);
  recipe = writeRecipe(folder);
});

function generate(cwd: string, ...more: string[]): Promise<CliRun> {
  const { annotations, images } = input;
  return runCli(['generate', '-r', recipe, '-a', annotations, '-i', images, ...more], { cwd });
}

describe('generate', () => {
  test('writes into output/<name> by default, and ends with a table of what is there', async () => {
    const cwd = newFolder('default');
    const run = await generate(cwd);
    expect([run.code, saidBesideProgress(run)]).toEqual([0, '']);
    const { stdout } = run;
    const { dataset } = readJson<DatasetLock>(join(cwd, 'output', 'made', 'patchml.lock.json'));
    expect(stdout).toContain(join('output', 'made'));
    expect(stdout).toMatch(new RegExp(`objects +│ ${countObjects(images)} `));
    expect(stdout).toContain(dataset);
    expect(Object.keys(contentsOf(cwd)).filter((path) => path.split('/').length <= 2)).toEqual([
      'output',
      'output/made',
      'output/work',
    ]);
  });

  test('with --json prints JSON and nothing else', async () => {
    const cwd = newFolder('json');
    const run = await generate(cwd, '--json', '--out', 'here');
    expect([run.code, saidBesideProgress(run)]).toEqual([0, '']);
    const { dataset } = readJson<DatasetLock>(join(cwd, 'here', 'patchml.lock.json'));
    const objects = countObjects(images);
    expect(JSON.parse(run.stdout)).toEqual({
      dataset: 'here',
      pool: expect.stringMatching(/^output\/work\/pool\/[0-9a-f]{16}$/),
      digest: dataset,
      images: 24,
      counts: { 2: 12, 3: 12 },
      source: { annotations: 24, malformed: 0, objects, patches: objects, drops: {} },
    });
  });

  test('with --quiet prints nothing', async () => {
    const run = await generate(newFolder('quiet'), '--quiet');
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('lays flags over the recipe, and the dataset says so', async () => {
    const cwd = newFolder('flags');
    const flags = ['--name', 'other', '--seed', '7', '--counts', '1:4,4:2', '--limit', '15'];
    expect(await generate(cwd, ...flags, '-q')).toMatchObject({ code: 0, stderr: '' });
    const summary = readJson<DatasetSummary>(join(cwd, 'output', 'other', 'dataset.json'));
    expect(summary).toMatchObject({ name: 'other', images: 6, counts: { 1: 4, 4: 2 } });
    expect(summary.recipe).toMatchObject({ seed: '7', source: { limit: 15 } });
    expect(summary.source).toMatchObject({
      annotations: 15,
      objects: countObjects(images.slice(0, 15)),
    });
  });

  test('takes its inputs from the recipe where no flag says them', async () => {
    const cwd = newFolder('source');
    const file = writeRecipe(cwd, { source: { ...input } });
    expect(await runCli(['generate', '-r', file, '-q'], { cwd })).toMatchObject({ code: 0 });
    const flagged = newFolder('flagged');
    await generate(flagged, '-q');
    const made = join('output', 'made');
    expect(contentsOf(join(cwd, made))).toEqual(contentsOf(join(flagged, made)));
  });

  test('says where output goes that is no terminal in plain lines, on standard error', async () => {
    const cwd = newFolder('progress');
    // Canvases of four megapixels: more than the second after which a stage begins to report.
    const large = writeRecipe(newFolder('large'), {
      canvas: { size: 2048 },
      patch: { storeSide: 200 },
      sampling: { counts: { 2: 40 } },
    });
    const args = ['-r', large, '-a', input.annotations, '-i', input.images, '-j', '1', '--json'];
    const run = await runCli(['generate', ...args], { cwd });
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toHaveProperty('dataset');
    expect(saidBesideProgress(run)).toBe('');
    const lines = run.stderr.split('\n').filter((line) => line.startsWith('compose: '));
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines[0]).toMatch(/^compose: \d+\/40 images, \d+ images\/s, \d+ s left$/);
    expect(lines.at(-1)).toMatch(/^compose: 40\/40 images, \d+ images\/s$/);
  });

  test('writes nothing but into its output and work folders', async () => {
    const parent = newFolder('parent');
    const places = writeFolders(parent, images);
    const cwd = join(parent, 'cwd');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'mine.txt'), 'mine');
    const before = contentsOf(parent);
    const flags = ['--out', join(parent, 'o', 'data'), '--work', join(parent, 'w')];
    const args = ['-a', places.annotations, '-i', places.images, ...flags, '-q'];
    expect(await runCli(['generate', '-r', recipe, ...args], { cwd })).toMatchObject({ code: 0 });
    const written = Object.keys(contentsOf(parent)).filter((path) => !(path in before));
    expect(contentsOf(parent)).toMatchObject(before);
    expect(written.filter((path) => !/^(o|o\/data(\/.*)?|w(\/.*)?)$/.test(path))).toEqual([]);
  });
});
