// What determines the bytes of a dataset, over all stages.

import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DatasetLock } from '../../src/dataset/dataset.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import type { Progress } from '../../src/progress.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import {
  type InputFolders,
  type MadeImage,
  makeImages,
  writeCsv,
  writeFolders,
  writeImagesBySynset,
  writeImagesTar,
  writeImagesTarOfTars,
  writeXmlBySynset,
  writeXmlTgz,
} from '../support/input.js';
import { madeRecipe } from '../support/made-recipe.js';
import { runScript } from '../support/run-cli.js';
import { contentsOf, openWorkspace, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
let made: MadeImage[];
let input: InputFolders;
let base: Generated;
let reference: Record<string, string>;

interface Run {
  input?: Partial<InputFolders>;
  recipe?: RecipeOverrides;
  jobs?: number;
  /** A folder of an earlier run, whose work is used again. */
  work?: string;
  onProgress?: (progress: Progress) => void;
}

/** Generates into a new folder; in one thread, which starts sooner than two. */
function run({ input: other, recipe, jobs = 1, work, onProgress }: Run = {}): Promise<Generated> {
  const folder = newFolder('run');
  return generate(
    {
      recipe: madeRecipe(recipe),
      ...input,
      ...other,
      out: join(folder, 'out'),
      work: work ?? join(folder, 'work'),
    },
    { jobs, onProgress },
  );
}

function workOf({ pool }: Generated): string {
  return join(pool, '..', '..');
}

/** The digests of a dataset's images, by their files. */
function imagesOf({ dataset }: Generated): Record<string, string> {
  return contentsOf(join(dataset, 'images'));
}

function lockOf({ dataset }: Generated): DatasetLock {
  return readJson(join(dataset, 'patchml.lock.json'));
}

beforeAll(async () => {
  made = await makeImages();
  input = writeFolders(newFolder('input'), made);
  base = await run();
  reference = contentsOf(base.dataset);
});

describe('The same recipe and the same inputs give the same bytes', () => {
  test('in a dataset of images, rows, summary, classes, card and lock, and nothing else', () => {
    const files = Object.keys(reference);
    expect(files.filter((file) => !file.startsWith('images'))).toEqual([
      'README.md',
      'classes.json',
      'dataset.json',
      'metadata.jsonl',
      'patchml.lock.json',
    ]);
    expect(files.filter((file) => file.startsWith('images/'))).toHaveLength(24);
  });

  test.each([2, 8])('for %d jobs as for one', async (jobs) => {
    const { dataset, pool } = await run({ jobs });
    expect(contentsOf(dataset)).toEqual(reference);
    expect(basename(pool)).toBe(basename(base.pool));
    expect(contentsOf(pool)).toEqual(contentsOf(base.pool));
  });

  test('for images in a folder a synset as in one folder', async () => {
    const images = writeImagesBySynset(newFolder('images'), made);
    expect(contentsOf((await run({ input: { images } })).dataset)).toEqual(reference);
  });

  test("for images in Kaggle's tree as in one folder", async () => {
    const root = newFolder('kaggle');
    writeFolders(join(root, 'ILSVRC', 'Data', 'CLS-LOC', 'val'), made);
    expect(contentsOf((await run({ input: { images: root } })).dataset)).toEqual(reference);
  });

  test('for images in a tar, and in a tar of tars, as in one folder', async () => {
    const folder = newFolder('tar');
    const images = await writeImagesTar(join(folder, 'ILSVRC2012_img_val.tar'), made);
    expect(contentsOf((await run({ input: { images } })).dataset)).toEqual(reference);
    const train = await writeImagesTarOfTars(join(folder, 'ILSVRC2012_img_train.tar'), made);
    expect(contentsOf((await run({ input: { images: train } })).dataset)).toEqual(reference);
  });

  test('for XML in a folder a synset as in one folder', async () => {
    const annotations = writeXmlBySynset(newFolder('xml'), made);
    expect(contentsOf((await run({ input: { annotations } })).dataset)).toEqual(reference);
  });

  test('for XML in a tgz as in a folder', async () => {
    const path = join(newFolder('tgz'), 'ILSVRC2012_bbox_val_v3.tgz');
    const annotations = await writeXmlTgz(path, made);
    expect(contentsOf((await run({ input: { annotations } })).dataset)).toEqual(reference);
  });

  test('for boxes in a CSV as in XML, whatever the order of its rows', async () => {
    const folder = newFolder('csv');
    const annotations = writeCsv(join(folder, 'LOC_val_solution.csv'), [...made].reverse());
    expect(contentsOf((await run({ input: { annotations } })).dataset)).toEqual(reference);
  });
});

describe('What is not the same gives another dataset', () => {
  test('another seed draws other patches for nearly every image', async () => {
    const other = await run({ recipe: { seed: '43' } });
    const lock = lockOf(other);
    const original = lockOf(base);
    expect(lock.dataset).not.toBe(original.dataset);
    expect(lock.pool).toBe(original.pool);
    const images = imagesOf(other);
    const alike = Object.entries(imagesOf(base)).filter(
      ([file, digest]) => images[file] === digest,
    );
    // Two of ten classes and their patches by chance: about 1 image in 200 is the same.
    expect(alike.length).toBeLessThan(3);
  });

  test('a longer dataset begins with the images of the shorter one', async () => {
    const longer = await run({ recipe: { sampling: { counts: { 2: 20, 3: 15, 4: 5 } } } });
    expect(Object.keys(imagesOf(base))).toHaveLength(24);
    expect(imagesOf(longer)).toMatchObject(imagesOf(base));
    expect(Object.keys(imagesOf(longer))).toHaveLength(40);
  });
});

describe('A pool', () => {
  test.each<[string, RecipeOverrides]>([
    ['seed', { seed: '7' }],
    ['counts', { sampling: { counts: { 2: 3, 5: 4 } } }],
    ['layout', { layout: { type: 'fixed-grid', cells: 4 } }],
    ['background', { canvas: { background: 'noise' } }],
    ['encoding', { encode: { format: 'webp' } }],
    ['fit', { patch: { fit: 'stretch' } }],
    ['name', { name: 'another' }],
  ])('is used again, not written again, for another %s', async (_, recipe) => {
    const kept = [base.index, base.pool, join(base.pool, 'patches.bin')];
    const before = kept.map(stateOf);
    const stages = new Set<string>();
    const again = await run({
      recipe,
      work: workOf(base),
      onProgress: ({ stage }) => stages.add(stage),
    });
    expect(again.pool).toBe(base.pool);
    expect(kept.map(stateOf)).toEqual(before);
    expect([...stages]).not.toContain('extract');
    expect(contentsOf(again.dataset)).toEqual(contentsOf((await run({ recipe })).dataset));
  });

  test.each<[string, RecipeOverrides]>([
    ['patch filter', { patch: { minSide: 90 } }],
    ['margin', { patch: { margin: 0.1 } }],
    ['size to store', { canvas: { size: 128 } }],
    ['block list', { source: { block: { synsets: ['n01443537'] } } }],
  ])('is another for another %s', async (_, recipe) => {
    const other = await run({ recipe, work: workOf(base) });
    expect(other.pool).not.toBe(base.pool);
    expect(lockOf(other).pool).not.toBe(lockOf(base).pool);
  });

  test('is another after an image was changed', async () => {
    const folder = newFolder('changing');
    const folders = writeFolders(folder, made);
    const work = join(folder, 'work');
    const before = lockOf(await run({ input: folders, work }));
    writeFolders(folder, [{ ...made[0]!, jpeg: made[5]!.jpeg }, ...made.slice(1)]);
    const after = lockOf(await run({ input: folders, work }));
    expect(after.pool).not.toBe(before.pool);
  });
});

describe('Images in a tar', () => {
  test('are read through one open file, which is closed at the end', async () => {
    const folder = newFolder('handles');
    const images = await writeImagesTar(join(folder, 'images.tar'), made);
    // Node warns on standard error when it finds an open file that nobody closed.
    const { code, stdout, stderr } = await runScript(
      `import { generate } from 'patchml';
      const input = ${JSON.stringify({ ...input, images })};
      const recipe = ${JSON.stringify(madeRecipe())};
      const work = ${JSON.stringify(join(folder, 'work'))};
      await generate({ recipe, ...input, out: ${JSON.stringify(join(folder, 'out'))}, work });
      for (let i = 0; i < 3; i += 1) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      console.log('done');`,
      ['--expose-gc'],
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  });
});

describe('A dataset that is there already', () => {
  test('is left as it is by the same command', async () => {
    const kept = [base.dataset, join(base.dataset, 'patchml.lock.json')];
    const before = kept.map(stateOf);
    await generate(
      { recipe: madeRecipe(), ...input, out: base.dataset, work: workOf(base) },
      { jobs: 1 },
    );
    expect(kept.map(stateOf)).toEqual(before);
  });
});

/** What changes when a file or folder is written again. */
function stateOf(path: string): [inode: number, modified: number] {
  const { ino, mtimeMs } = statSync(path);
  return [ino, mtimeMs];
}
