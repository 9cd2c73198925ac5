import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sha256 } from '../../src/files/digest.js';
import {
  findPlan,
  makePlan,
  type PlanInput,
  type PlanRow,
  readPlanSummary,
} from '../../src/generate/make-plan.js';
import { planPartOf } from '../../src/generate/stage-folder.js';
import type { Progress } from '../../src/progress.js';
import { safeArea } from '../../src/recipe/geometry.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import { collect } from '../support/unit-errors.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { liesIn } from '../support/unit-layouts.js';
import { patchRow, writePool } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

/** 12 patches of 4 classes, of different sizes. */
const rows = Array.from({ length: 12 }, (_, i) =>
  patchRow(i, i % 4, `image-${i}`, [40 + i, 90 - i]),
);

function inputOf(fields: RecipeOverrides = {}): PlanInput {
  return {
    recipe: recipeWith({ sampling: { counts: { 2: 2, 3: 1 } }, ...fields }),
    pool: writePool(rows),
    work: temporaryFolder(),
  };
}

async function planOf(fields?: RecipeOverrides): Promise<PlanRow[]> {
  return collect((await makePlan(inputOf(fields))).rows());
}

describe('makePlan', () => {
  // Pins our own output: it fails when a change of the code changes every dataset.
  // Cells are 98 px; a patch of 40 x 90 is shown in round(98 · 40 / 90) = 44 by 98 of them.
  it('plans the images that it always planned', async () => {
    expect(await planOf()).toEqual([
      {
        id: 'k2-000000',
        k: 2,
        objects: [
          { patch: 'image-0#0', bbox: [139, 14, 44, 98] },
          { patch: 'image-3#3', bbox: [39, 112, 48, 98] },
        ],
      },
      {
        id: 'k2-000001',
        k: 2,
        objects: [
          { patch: 'image-9#9', bbox: [131, 14, 59, 98] },
          { patch: 'image-0#0', bbox: [41, 14, 44, 98] },
        ],
      },
      {
        id: 'k3-000000',
        k: 3,
        objects: [
          { patch: 'image-5#5', bbox: [37, 14, 52, 98] },
          { patch: 'image-2#2', bbox: [39, 112, 47, 98] },
          { patch: 'image-3#3', bbox: [137, 14, 48, 98] },
        ],
      },
    ]);
  });

  it('names images by their number of patches and their own number', async () => {
    const plan = await planOf();
    expect(plan.map(({ id, k }) => [id, k])).toEqual([
      ['k2-000000', 2],
      ['k2-000001', 2],
      ['k3-000000', 3],
    ]);
  });

  it('names patches of the pool, and puts each in the safe area', async () => {
    const fields = { sampling: { counts: { 4: 100 } } };
    const ids = new Set(rows.map(({ id }) => id));
    for (const { objects } of await planOf(fields)) {
      for (const { patch, bbox } of objects) {
        expect(ids).toContain(patch);
        expect(liesIn(bbox, safeArea(recipeWith(fields)))).toBe(true);
      }
    }
  });

  it('leaves the rows of a smaller dataset as they were in a larger one', async () => {
    const layout = { type: 'scatter' as const };
    const small = await planOf({ layout, sampling: { counts: { 2: 5 } } });
    const large = await planOf({ layout, sampling: { counts: { 1: 3, 2: 20, 4: 5 } } });
    expect(large.filter(({ k }) => k === 2).slice(0, 5)).toEqual(small);
  });

  it('puts the patches that paired images share in the same cells of a fixed grid', async () => {
    const layout = { type: 'fixed-grid' as const, cells: 2 };
    const plan = await planOf({ layout, sampling: { counts: { 1: 9, 2: 9, 4: 9 }, paired: true } });
    const objectsOf = (k: number): PlanRow['objects'][] =>
      plan.filter((row) => row.k === k).map(({ objects }) => objects);
    expect(objectsOf(2).map((objects) => objects.slice(0, 1))).toEqual(objectsOf(1));
    expect(objectsOf(4).map((objects) => objects.slice(0, 2))).toEqual(objectsOf(2));
  });

  it('says in plan.json what it is, and leaves nothing beside it', async () => {
    const input = inputOf();
    const { folder } = await makePlan(input);
    expect(folder).toBe(await findPlan(input));
    expect(readdirSync(join(input.work, 'plan'))).toHaveLength(1);
    expect(await readPlanSummary(folder)).toEqual({
      format: 'patchml-plan',
      digest: sha256(readFileSync(join(folder, 'plan.jsonl'))),
      pool: sha256(readFileSync(join(input.pool, 'patches.jsonl'))),
      images: 3,
      recipe: planPartOf(input.recipe),
    });
  });

  it('uses a plan again, whatever does not touch it', async () => {
    const input = inputOf();
    const { folder } = await makePlan(input);
    const { mtimeMs } = statSync(join(folder, 'plan.jsonl'));
    const background = recipeWith({
      name: 'other',
      sampling: { counts: { 2: 2, 3: 1 } },
      canvas: { background: 'black' },
      encode: { format: 'webp' },
    });
    expect((await makePlan({ ...input, recipe: background })).folder).toBe(folder);
    expect(statSync(join(folder, 'plan.jsonl')).mtimeMs).toBe(mtimeMs);
  });

  it.each<RecipeOverrides>([
    { seed: 7 },
    { sampling: { counts: { 2: 3 } } },
    { layout: { gap: 2 } },
    { canvas: { size: 256 }, patch: { storeSide: 196 } },
    { canvas: { safeArea: 0.9 }, patch: { storeSide: 196 } },
    { patch: { fit: 'cover' } },
  ])('makes another plan with %j', async (fields) => {
    const input = inputOf();
    const sampling = { counts: { 2: 2, 3: 1 } };
    const other = { ...input, recipe: recipeWith({ sampling, ...fields }) };
    expect((await makePlan(other)).folder).not.toBe((await makePlan(input)).folder);
  });

  it('writes nothing where the demand is impossible', async () => {
    const input = inputOf({ sampling: { counts: { 2: 1, 5: 1 } } });
    await expect(makePlan(input)).rejects.toMatchObject({ code: 'sampling-impossible' });
    expect(readdirSync(input.work)).toEqual([]);
  });

  it('stops when it is told to, with no plan in its place, and can be run again', async () => {
    const input = inputOf({ sampling: { counts: { 2: 5000 } } });
    const controller = new AbortController();
    const stopped = makePlan(input, {
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortedError' });
    expect(existsSync(await findPlan(input))).toBe(false);
    expect(await collect((await makePlan(input)).rows())).toHaveLength(5000);
  });

  it('tells its progress every thousand rows and at the end', async () => {
    const steps: Progress[] = [];
    const onProgress = (step: Progress): void => void steps.push({ ...step });
    await makePlan(inputOf({ sampling: { counts: { 2: 1500, 3: 1000 } } }), { onProgress });
    expect(steps.map(({ done }) => done)).toEqual([1000, 2000, 2500]);
    expect(steps[0]).toEqual({ stage: 'plan', done: 1000, total: 2500, unit: 'rows' });
  });

  it('says what to run first where there is no pool', async () => {
    const pool = temporaryFolder();
    await expect(makePlan({ ...inputOf(), pool })).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'stage-missing',
      path: pool,
    });
  });
});
