import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { MetadataRow } from '../../src/dataset/row.js';
import { AbortedError, DatasetError } from '../../src/errors.js';
import { composeDataset } from '../../src/generate/compose-dataset.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import type { PatchRow } from '../../src/generate/pool.js';
import { findPoolOf, regenerateSample } from '../../src/generate/regenerate-sample.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import { type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { madeRecipe } from '../support/made-recipe.js';
import { openWorkspace, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let input: InputFolders;
let made: Generated;

beforeAll(async () => {
  input = writeFolders(newFolder('input'), await makeImages({ images: 16 }));
  made = await generateWith();
});

function generateWith(fields: RecipeOverrides = {}): Promise<Generated> {
  const folder = newFolder('made');
  const places = { out: join(folder, 'out'), work: join(folder, 'work') };
  return generate({ recipe: madeRecipe(fields), ...input, ...places }, { jobs: 1 });
}

/** A copy of the pool to damage. */
function copyPool(): string {
  const pool = newFolder('pool');
  cpSync(made.pool, pool, { recursive: true });
  return pool;
}

describe('Images made again from their pool', () => {
  test('have the same pixels', async () => {
    const { dataset: folder, pool } = made;
    expect(await regenerateSample({ dataset: folder, pool, sample: 1000 })).toEqual({
      images: 24,
      differing: [],
    });
  });

  test.each<[string, RecipeOverrides]>([
    ['noise, scattered', { canvas: { background: 'noise' }, layout: { type: 'scatter' } }],
    ['JPEG', { encode: { format: 'jpeg' }, patch: { fit: 'cover' } }],
    ['WebP', { encode: { format: 'webp' }, patch: { fit: 'stretch' } }],
  ])('have the same pixels whatever the recipe: %s', async (_, fields) => {
    const { dataset: folder, pool } = await generateWith(fields);
    expect((await regenerateSample({ dataset: folder, pool, sample: 24 })).differing).toEqual([]);
  });

  test('are those that hold a patch, when this patch is another in the pool', async () => {
    const pool = copyPool();
    const rows = readRows<MetadataRow>(join(made.dataset, 'metadata.jsonl'));
    const altered = rows[0]!.objects.patch[0]!;
    const { offset, width, height } = readRows<PatchRow>(join(pool, 'patches.jsonl')).find(
      ({ id }) => id === altered,
    )!;
    const bytes = readFileSync(join(pool, 'patches.bin'));
    bytes.fill(128, offset, offset + 3 * width * height);
    writeFileSync(join(pool, 'patches.bin'), bytes);
    const { differing } = await regenerateSample({ dataset: made.dataset, pool, sample: 24 });
    const holding = rows.filter(({ objects }) => objects.patch.includes(altered));
    expect(differing).toEqual(holding.map((row) => row.file_name));
  });

  test('are never first made of a pool that has changed: compose checks its patches', async () => {
    const pool = copyPool();
    const bytes = readFileSync(join(pool, 'patches.bin'));
    writeFileSync(join(pool, 'patches.bin'), Buffer.alloc(bytes.length, 128));
    const folder = join(newFolder('changed'), 'out');
    const composed = composeDataset({ recipe: madeRecipe(), pool, plan: made.plan, out: folder });
    await expect(composed).rejects.toMatchObject({ code: 'pool-damaged' });
  });

  test('are a sample that the seed chooses', async () => {
    const { dataset: folder } = made;
    const pool = copyPool();
    writeFileSync(
      join(pool, 'patches.bin'),
      Buffer.alloc(readFileSync(join(pool, 'patches.bin')).length, 128),
    );
    const choose = async (seed?: string): Promise<string[]> =>
      (await regenerateSample({ dataset: folder, pool, sample: 6, seed })).differing;
    const chosen = await choose();
    expect(chosen).toHaveLength(6);
    expect(await choose()).toEqual(chosen);
    expect(await choose('42')).toEqual(chosen); // the recipe's
    expect(await choose('43')).not.toEqual(chosen);
  });

  test('report their progress and can be stopped', async () => {
    const { dataset: folder, pool } = made;
    const seen: number[] = [];
    await regenerateSample(
      { dataset: folder, pool, sample: 3 },
      { onProgress: ({ done, total }) => seen.push(done, total) },
    );
    expect(seen).toEqual([1, 3, 2, 3, 3, 3]);
    const signal = AbortSignal.abort();
    await expect(
      regenerateSample({ dataset: folder, pool, sample: 3 }, { signal }),
    ).rejects.toThrow(AbortedError);
  });
});

describe('A pool that cannot serve', () => {
  test('because it is of another dataset is refused', async () => {
    const other = await generateWith({ patch: { minSide: 100 } });
    const call = regenerateSample({ dataset: made.dataset, pool: other.pool, sample: 5 });
    await expect(call).rejects.toThrow(DatasetError);
    await expect(call).rejects.toThrow(`${other.pool}: this is not the pool the dataset was made`);
  });

  test('because it is cut off is a named error', async () => {
    const pool = copyPool();
    truncateSync(join(pool, 'patches.bin'), 10);
    const call = regenerateSample({ dataset: made.dataset, pool, sample: 24 });
    await expect(call).rejects.toThrow(DatasetError);
    await expect(call).rejects.toThrow(join(pool, 'patches.bin'));
  });

  test('because it has no pixels or no rows is a named error', async () => {
    for (const file of ['patches.bin', 'patches.jsonl', 'pool.json']) {
      const pool = copyPool();
      rmSync(join(pool, file));
      const call = regenerateSample({ dataset: made.dataset, pool, sample: 24 });
      await expect(call).rejects.toMatchObject({ code: 'stage-missing', path: pool });
      await expect(call).rejects.toThrow(`${file} is missing`);
    }
  });

  test('because a row of it is damaged is a named error', async () => {
    const pool = copyPool();
    const path = join(pool, 'patches.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"width":\d+/, '"width":-1'));
    const call = regenerateSample({ dataset: made.dataset, pool, sample: 24 });
    await expect(call).rejects.toMatchObject({ code: 'stage-invalid', path, place: 'line 1' });
  });

  test('because its rows are others than its summary says is refused', async () => {
    const pool = copyPool();
    const path = join(pool, 'patches.jsonl');
    const rows = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [...rows.slice(0, -2), ''].join('\n')); // the last patch is gone
    const outcome = await regenerateSample({ dataset: made.dataset, pool, sample: 24 }).catch(
      (error: unknown) => error,
    );
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(DatasetError);
    else expect((outcome as { differing: string[] }).differing).not.toEqual([]);
  });
});

describe('The pool of a dataset', () => {
  test('is found in the work folder, among others', async () => {
    const work = join(made.pool, '..', '..');
    const places = { out: join(newFolder('other'), 'out'), work };
    await generate({ recipe: madeRecipe({ patch: { minSide: 100 } }), ...input, ...places });
    expect(await findPoolOf({ dataset: made.dataset, work })).toBe(made.pool);
  });

  test('that is gone is a named error that says how to get it', async () => {
    const work = newFolder('work');
    await expect(findPoolOf({ dataset: made.dataset, work })).rejects.toThrow(
      `${work}: the pool of this dataset was not found; pass --pool or --work`,
    );
    rmSync(work, { recursive: true });
    await expect(findPoolOf({ dataset: made.dataset, work })).rejects.toThrow(DatasetError);
  });
});
