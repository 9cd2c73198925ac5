import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Dataset,
  type DatasetLock,
  type DatasetSummary,
  readDataset,
} from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { DatasetError, OutputError } from '../../src/errors.js';
import { composeDataset, type ComposeOptions } from '../../src/generate/compose-dataset.js';
import { extractPool } from '../../src/generate/extract-pool.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import { makePlan } from '../../src/generate/make-plan.js';
import type { Recipe } from '../../src/recipe/schema.js';
import { countObjects, type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { madeRecipe } from '../support/made-recipe.js';
import { contentsOf, openWorkspace, readJson, readRows, sha256Of } from '../support/workspace.js';

const newFolder = openWorkspace();
const recipe = madeRecipe();
const images = await makeImages({ images: 16 });
let input: InputFolders;
let made: Generated;
let whole: Record<string, string>;

beforeAll(async () => {
  input = writeFolders(newFolder('input'), images);
  const folder = newFolder('made');
  const places = { out: join(folder, 'out'), work: join(folder, 'work') };
  made = await generate({ recipe, ...input, ...places }, { jobs: 1 });
  whole = contentsOf(made.dataset);
});

/** Composes the made plan at a place. */
function compose(out: string, options: ComposeOptions = {}): Promise<Dataset> {
  return composeDataset({ recipe, pool: made.pool, plan: made.plan, out }, { jobs: 1, ...options });
}

/** Composes a dataset of another seed from the same pool at a place. */
async function composeOther(out: string, options: ComposeOptions = {}): Promise<void> {
  const other: Recipe = { ...recipe, seed: 'other' };
  const { pool } = made;
  const work = join(pool, '..', '..');
  const { folder: plan } = await makePlan({ recipe: other, pool, work });
  await composeDataset({ recipe: other, pool, plan, out }, { jobs: 1, ...options });
}

describe('A composed dataset', () => {
  test('says in its rows what its summary counts', async () => {
    const { summary, rows, pathOf } = await readDataset(made.dataset);
    const counts: Record<string, number> = {};
    const classes: Record<string, number> = {};
    for await (const row of rows()) {
      counts[row.k] = (counts[row.k] ?? 0) + 1;
      for (const wnid of row.wnids) classes[wnid] = (classes[wnid] ?? 0) + 1;
      expect(sha256Of(pathOf(row))).toBe(row.sha256);
      expect(existsSync(pathOf(row))).toBe(true);
    }
    expect(counts).toEqual({ 2: 12, 3: 12 });
    expect(summary).toMatchObject({ images: 24, counts, classes });
    expect(summary.source).toEqual({
      annotations: 16,
      malformed: 0,
      objects: countObjects(images),
      patches: countObjects(images),
      drops: {},
    });
  });

  test('says nothing of the machine it was made on', () => {
    for (const file of ['dataset.json', 'metadata.jsonl', 'README.md', 'patchml.lock.json']) {
      const text = readFileSync(join(made.dataset, file), 'utf8');
      expect(text).not.toContain(made.pool);
      expect(text).not.toContain(input.images);
      expect(text).not.toMatch(/\d{4}-\d\d-\d\dT/);
    }
  });

  test('names the versions of everything that makes its bytes', () => {
    const { versions } = readJson<DatasetLock>(join(made.dataset, 'patchml.lock.json'));
    expect(Object.keys(versions).sort()).toEqual([
      'jpegDecoder',
      'jpegEncoder',
      'kernel',
      'libvips',
      'node',
      'patchml',
      'resizer',
      'sharp',
    ]);
    expect(Object.values(versions)).not.toContain('unknown');
  });
});

describe('A place that holds something', () => {
  test('else is refused and left as it is', async () => {
    const out = join(newFolder('foreign'), 'out');
    mkdirSync(out);
    writeFileSync(join(out, 'thesis.tex'), 'years of work');
    for (const overwrite of [false, true]) {
      const call = compose(out, { overwrite });
      await expect(call).rejects.toThrow(OutputError);
      await expect(call).rejects.toThrow(
        `${out}: this folder holds thesis.tex, which is not part of a dataset`,
      );
    }
    expect(Object.keys(contentsOf(join(out, '..')))).toEqual(['out', 'out/thesis.tex']);
  });

  test('empty is taken', async () => {
    const out = newFolder('empty');
    await compose(out);
    expect(contentsOf(out)).toEqual(whole);
  });

  test('that is a file is refused and left as it is', async () => {
    const out = join(newFolder('file'), 'out');
    writeFileSync(out, 'a file');
    await expect(compose(out)).rejects.toMatchObject({ path: out });
    expect(readFileSync(out, 'utf8')).toBe('a file');
  });

  test('unfinished of no dataset is refused and left as it is', async () => {
    const out = join(newFolder('in-the-way'), 'out');
    mkdirSync(`${out}.partial`);
    writeFileSync(join(`${out}.partial`, 'mine.txt'), 'keep');
    const call = compose(out);
    await expect(call).rejects.toThrow(OutputError);
    await expect(call).rejects.toThrow(
      `${out}.partial: mine.txt: this was not left by an interrupted run`,
    );
    expect(Object.keys(contentsOf(join(out, '..')))).toEqual([
      'out.partial',
      'out.partial/mine.txt',
    ]);
  });

  test('that is a file where the unfinished dataset would be is refused', async () => {
    const out = join(newFolder('in-the-way'), 'out');
    writeFileSync(`${out}.partial`, 'keep');
    const outcome = await compose(out).catch((error: unknown) => error);
    expect(String(outcome)).toContain(`${out}.partial`);
    expect(readFileSync(`${out}.partial`, 'utf8')).toBe('keep');
    expect(existsSync(`${out}.lock`)).toBe(false);
  });

  test('another folder named like the one that is replaced is left as it is', async () => {
    const out = join(newFolder('replaced'), 'out');
    mkdirSync(`${out}.replaced`);
    writeFileSync(join(`${out}.replaced`, 'mine.txt'), 'keep');
    await compose(out).catch(() => undefined);
    expect(readFileSync(join(`${out}.replaced`, 'mine.txt'), 'utf8')).toBe('keep');
  });

  test('another dataset is refused, and replaced only when told to', async () => {
    const out = join(newFolder('other'), 'out');
    await composeOther(out);
    const other = contentsOf(out);
    const call = compose(out);
    await expect(call).rejects.toThrow(OutputError);
    await expect(call).rejects.toThrow(`${out}: this folder holds a dataset of another recipe`);
    expect(contentsOf(join(out, '..'))).toEqual(under('out', other));
    await compose(out, { overwrite: true });
    expect(contentsOf(join(out, '..'))).toEqual(under('out', whole));
  });

  test('another dataset stays whole until the new one is', async () => {
    const out = join(newFolder('other'), 'out');
    await composeOther(out);
    const other = contentsOf(out);
    const controller = new AbortController();
    const stopped = compose(out, {
      overwrite: true,
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done > 0) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(contentsOf(out)).toEqual(other);
  });

  test('a dataset whose lock is damaged is refused, and its files are kept', async () => {
    const out = join(newFolder('damaged'), 'out');
    cpSync(made.dataset, out, { recursive: true });
    writeFileSync(join(out, 'patchml.lock.json'), '{');
    const before = contentsOf(out);
    await expect(compose(out)).rejects.toThrow(DatasetError);
    expect(contentsOf(out)).toEqual(before);
  });
});

describe('A run that was killed between two steps of the end', () => {
  test('after the old dataset was moved away goes on to the new one', async () => {
    const out = join(newFolder('killed'), 'out');
    // As a kill leaves it: the old dataset aside, the new one whole but not yet at its place.
    await composeOther(out);
    renameSync(out, `${out}.replaced`);
    cpSync(made.dataset, `${out}.partial`, { recursive: true });
    await compose(out, { overwrite: true });
    expect(contentsOf(join(out, '..'))).toEqual(under('out', whole));
  });

  test('while the unfinished dataset of another recipe was cleared goes on', async () => {
    const out = join(newFolder('killed'), 'out');
    const controller = new AbortController();
    const stopped = composeOther(out, {
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done > 0) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    // Clearing takes the files in no set order: here the note of whose it is was the first to go.
    rmSync(join(`${out}.partial`, 'origin.json'));
    await compose(out);
    expect(contentsOf(join(out, '..'))).toEqual(under('out', whole));
  });
});

describe('A plan or a pool that does not fit', () => {
  test('a plan of another pool is refused before anything is written', async () => {
    const work = newFolder('work');
    const other = madeRecipe({ patch: { minSide: 100 } });
    const { folder: pool } = await extractPool({ recipe: other, index: made.index, work });
    const out = join(newFolder('out'), 'out');
    const call = composeDataset({ recipe: other, pool, plan: made.plan, out });
    await expect(call).rejects.toThrow(DatasetError);
    await expect(call).rejects.toThrow(`${made.plan}: this plan was made from another pool`);
    expect(contentsOf(join(out, '..'))).toEqual({});
  });

  test('a plan that names a patch the pool does not have is a named error', async () => {
    const plan = newFolder('plan');
    cpSync(made.plan, plan, { recursive: true });
    const rows = readRows<{ objects: { patch: string }[] }>(join(plan, 'plan.jsonl'));
    rows[3]!.objects[0]!.patch = 'nowhere#0';
    writeFileSync(join(plan, 'plan.jsonl'), rows.map((r) => `${JSON.stringify(r)}\n`).join(''));
    const out = join(newFolder('out'), 'out');
    const outcome = await composeDataset({ recipe, pool: made.pool, plan, out }).catch(
      (error: unknown) => error,
    );
    expect(outcome).toBeInstanceOf(DatasetError);
    expect(String(outcome)).toContain(plan);
    expect(existsSync(out)).toBe(false);
  });

  test('a pool whose pixels are cut off is a named error', async () => {
    const pool = newFolder('pool');
    cpSync(made.pool, pool, { recursive: true });
    writeFileSync(join(pool, 'patches.bin'), 'x');
    const out = join(newFolder('out'), 'out');
    const call = composeDataset({ recipe, pool, plan: made.plan, out });
    await expect(call).rejects.toThrow(DatasetError);
    await expect(call).rejects.toThrow(join(pool, 'patches.bin'));
    expect(existsSync(out)).toBe(false);
  });
});

describe('A link at the place', () => {
  test.each([
    ['an empty folder', '.'],
    ['nothing', 'nowhere'],
  ])('to %s is refused, and nothing is written there', async (_, target) => {
    const elsewhere = newFolder('elsewhere');
    const out = join(newFolder('link'), 'out');
    symlinkSync(join(elsewhere, target), out);
    await expect(compose(out)).rejects.toMatchObject({ code: 'output-is-link', path: out });
    expect(contentsOf(elsewhere)).toEqual({});
  });

  test('to this very dataset is read through', async () => {
    const out = join(newFolder('link'), 'out');
    symlinkSync(made.dataset, out);
    expect((await compose(out)).summary.images).toBe(24);
    expect(lstatSync(out).isSymbolicLink()).toBe(true);
  });
});

describe('Options of the canvas and the encoding', () => {
  test.each(['png', 'jpeg', 'webp'] as const)('%s files have their own ending', async (format) => {
    const out = join(newFolder('format'), 'out');
    const encoded: Recipe = { ...recipe, encode: { format, quality: 95 } };
    const { pool, plan } = made;
    await composeDataset({ recipe: encoded, pool, plan, out }, { jobs: 2 });
    const ending = { png: '.png', jpeg: '.jpg', webp: '.webp' }[format];
    const [row] = readRows<MetadataRow>(join(out, 'metadata.jsonl'));
    expect(row!.file_name).toBe(`images/k2-000000${ending}`);
    const original = readRows<MetadataRow>(join(made.dataset, 'metadata.jsonl'))[0]!;
    expect(row!.pixels_sha256).toBe(original.pixels_sha256);
    const summary = readJson<DatasetSummary>(join(out, 'dataset.json'));
    expect(summary.recipe.encode.format).toBe(format);
  });
});

function under(folder: string, contents: Record<string, string>): Record<string, string> {
  const moved = Object.entries(contents).map(([path, digest]) => [`${folder}/${path}`, digest]);
  return { [folder]: 'folder', ...(Object.fromEntries(moved) as Record<string, string>) };
}
