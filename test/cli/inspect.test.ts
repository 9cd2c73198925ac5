import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { parse } from 'yaml';
import type { DatasetLock } from '../../src/dataset/dataset.js';
import {
  countObjects,
  type InputFolders,
  makeImages,
  writeCsv,
  writeFolders,
  writeXmlTgz,
} from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace, readJson, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 20 });
let cwd: string;
let input: InputFolders;
let pool: string;
const dataset = join('output', 'made');

beforeAll(async () => {
  cwd = newFolder('inspected');
  input = writeFolders(cwd, images);
  // Two XML more: one without an image, and one that is none.
  writeFileSync(join(input.annotations, 'broken.xml'), '<annotation>');
  const recipe = writeRecipe(cwd, { patch: { minSide: 90 } });
  const args = ['-r', recipe, '-a', input.annotations, '-i', input.images, '--json', '-j', '1'];
  const { stdout } = await runCli(['generate', ...args], { cwd });
  ({ pool } = JSON.parse(stdout) as { pool: string });
});

function inspect(...args: string[]): Promise<CliRun> {
  return runCli(['inspect', ...args], { cwd });
}

async function inspectJson(path: string): Promise<unknown> {
  const { code, stdout, stderr } = await inspect(path, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** The shorter sides of all boxes. */
const sides = images.flatMap(({ boxes }) =>
  boxes.map(([xmin, ymin, xmax, ymax]) => Math.min(xmax - xmin, ymax - ymin) + 1),
);

describe('inspect', () => {
  test('counts annotations in every form that generate reads', async () => {
    const objects = countObjects(images);
    const found = { kind: 'annotations', objects };
    expect(await inspectJson('annotations')).toMatchObject({
      ...found,
      annotations: 21,
      malformed: 1,
    });
    writeCsv(join(cwd, 'boxes.csv'), images);
    const expected = { ...found, annotations: 20, malformed: 0 };
    expect(await inspectJson('boxes.csv')).toMatchObject(expected);
    await writeXmlTgz(join(cwd, 'boxes.tgz'), images);
    expect(await inspectJson('boxes.tgz')).toMatchObject(expected);
  });

  test('counts classes, the most first, and sides', async () => {
    const { classes, sides: histogram } = (await inspectJson('annotations')) as {
      classes: { wnid: string; name: string; objects: number }[];
      sides: Record<string, number>;
    };
    expect(classes).toHaveLength(10);
    const counts = classes.map(({ objects }) => objects);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(counts.reduce((a, b) => a + b)).toBe(countObjects(images));
    // Images 3 and 13 of 20 show zebras: one box (3 mod 3 = 0) and two (13 mod 3 = 1).
    expect(classes).toContainEqual({ wnid: 'n02391049', name: 'zebra', objects: 1 + 2 });
    const between = (least: number, most: number): number =>
      sides.filter((side) => side >= least && side <= most).length;
    expect(histogram).toMatchObject({
      '32-63': between(32, 63),
      '64-127': between(64, 127),
      '128-255': between(128, 255),
    });
  });

  test('counts a pool and its drops, and lists each drop', async () => {
    const small = sides.filter((side) => side < 90).length;
    const objects = countObjects(images) - small;
    expect(small).toBeGreaterThan(0);
    expect(await inspectJson(pool)).toMatchObject({
      kind: 'pool',
      objects,
      drops: { 'too-small': small },
    });
    const { code, stdout, stderr } = await inspect(pool, '--drops');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const drops = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(drops).toHaveLength(small + 1);
    expect(drops.filter((drop) => 'problem' in drop)).toEqual([
      { imageId: 'broken', problem: expect.stringContaining('not well-formed XML') },
    ]);
    expect(drops.filter((drop) => 'reason' in drop)).toHaveLength(small);
  });

  test('counts a dataset', async () => {
    const lock = readJson<DatasetLock>(join(cwd, dataset, 'patchml.lock.json'));
    expect(await inspectJson(dataset)).toMatchObject({
      kind: 'dataset',
      name: 'made',
      digest: lock.dataset,
      images: 24,
      counts: { 2: 12, 3: 12 },
      objects: 12 * 2 + 12 * 3,
    });
    const { stdout } = await inspect(dataset, '--classes', '3');
    expect(stdout).toContain('and 7 more classes');
  });

  test('shows a recipe with every default, as YAML that is a recipe again', async () => {
    const { code, stdout, stderr } = await inspect('recipe.yaml');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(parse(stdout)).toMatchObject({ name: 'made', patch: { minSide: 90, maxAspect: 4 } });
    writeFileSync(join(cwd, 'again.yaml'), stdout);
    const digest = (text: string): string => /^# digest ([0-9a-f]{64})$/m.exec(text)![1]!;
    expect(digest((await inspect('again.yaml')).stdout)).toBe(digest(stdout));
  });

  test('draws a contact sheet, and nothing else', async () => {
    const before = contentsOf(cwd);
    const { code, stdout, stderr } = await inspect(dataset, '--contact-sheet', 'sheet.png');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('sheet.png');
    const { format, width, height } = await sharp(join(cwd, 'sheet.png')).metadata();
    expect(format).toBe('png');
    expect(width).toBeGreaterThan(8 * 224);
    expect(height).toBeGreaterThan(2 * 224);
    expect(contentsOf(cwd)).toEqual({ ...before, 'sheet.png': expect.any(String) });
  });

  test('draws what a model ranks on top, from a file of predictions', async () => {
    const rows = readRows<{ id: string; labels: number[] }>(join(cwd, dataset, 'metadata.jsonl'));
    const lines = rows.map(({ id, labels: [first] }) => `${id},${first!},997,998\n`);
    writeFileSync(join(cwd, 'ranked.csv'), `id,top1,top2,top3\n${lines.join('')}`);
    const flags = ['--predictions', 'ranked.csv', '--order', 'best', '--per-count', '2'];
    const run = await inspect(dataset, '--contact-sheet', 'ranked.png', ...flags);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect((await sharp(join(cwd, 'ranked.png')).metadata()).width).toBe(14 + 4 * (224 + 14));
  });

  test.each([
    [['--seed', '1'], '--seed requires --contact-sheet'],
    [['--contact-sheet', 'x.png', '--order', 'worst'], '--order requires --predictions'],
    [
      ['--contact-sheet', 'x.png', '--ids', 'a', '--seed', '1'],
      '--ids and --seed cannot be used together',
    ],
  ])('refuses %j', async (args, says) => {
    expectOneLine(await inspect(dataset, ...args), 2, says);
  });

  test.each<[string, () => string[], (string | RegExp)[]]>([
    ['a path that is not there', () => ['nowhere'], ['nowhere', 'no such file']],
    [
      'a folder of other things',
      () => ['images'],
      ['images', 'this is not a dataset, a pool, a recipe'],
    ],
    ['a file of another kind', () => [join('images', `${images[0]!.id}.JPEG`)], ['JPEG']],
    ['drops of a dataset', () => [dataset, '--drops'], [dataset, 'only a pool or an index']],
    [
      'a contact sheet of a pool',
      () => [pool, '--contact-sheet', 'x.png'],
      [join('work', 'pool'), 'dataset.json'],
    ],
    [
      'a contact sheet that cannot be written',
      () => [dataset, '--contact-sheet', 'no/x.png'],
      ['no/x.png'],
    ],
  ])('ends in one line for %s', async (_, args, says) => {
    expectOneLine(await inspect(...args()), 1, ...says);
  });
});
