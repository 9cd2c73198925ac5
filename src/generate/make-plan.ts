import { join } from 'node:path';
import { z } from 'zod';
import { digestOf, sha256File } from '../files/digest.js';
import { buildFolder, exists, toJson } from '../files/folders.js';
import { readJsonLines, readSummary, writeJsonLines } from '../files/json.js';
import { writeWhole } from '../files/output-file.js';
import { letSignalIn, type StageOptions } from '../progress.js';
import type { Rectangle } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import { drawDataset, type DrawnImage, openImageStream } from './draw-patches.js';
import { readPoolSummary } from './extract-pool.js';
import { placePatches } from './place-patches.js';
import { type PatchRow, readPatchRows } from './pool.js';

/** One image of the dataset: which patches, where, how large. A row of `plan.jsonl`. */
export interface PlanRow {
  /** `k<patches>-<number>`, such as `k3-000017`. */
  id: string;
  k: number;
  objects: { patch: string; bbox: Rectangle }[];
}

const planSchema = z.object({
  format: z.literal('patchml-plan'),
  digest: z.string(),
  pool: z.string(),
  images: z.int(),
});

/**
 * What `plan.json` says of a plan folder: the SHA-256 of `plan.jsonl`, the digest of the pool whose
 * patches it names, and its images.
 */
export type PlanSummary = z.output<typeof planSchema>;

export interface PlanInput {
  recipe: Recipe;
  /** The pool folder. */
  pool: string;
  /** Where stages keep what they make; the plan goes into `plan/<key>` in it. */
  work: string;
}

/**
 * The third stage: decides for every image of the dataset which patches it holds and where they
 * lie. A plan of the same pool, seed, sampling and layout is used again.
 * @returns the plan folder
 * @throws SamplingError when the pool cannot give what the recipe asks for
 */
export async function makePlan(input: PlanInput, options: StageOptions = {}): Promise<string> {
  const { digest: pool } = await readPoolSummary(input.pool);
  const folder = planFolder(input.recipe, pool, input.work);
  if (await exists(join(folder, 'plan.json'))) return folder;
  const patches = await readPatchRows(input.pool);
  const drawn = drawDataset(input.recipe, patches);
  const first = drawn.next(); // an impossible demand throws here, before anything is written
  await buildFolder(folder, async (partial) => {
    const images = await writePlan(input.recipe, patches, first, drawn, partial, options);
    const digest = sha256File(join(partial, 'plan.jsonl'));
    const summary: PlanSummary = { format: 'patchml-plan', digest, pool, images };
    await writeWhole(join(partial, 'plan.json'), toJson(summary));
  });
  return folder;
}

/** The folder that the plan of this input has, made or not. */
export async function findPlan({ recipe, pool, work }: PlanInput): Promise<string> {
  return planFolder(recipe, (await readPoolSummary(pool)).digest, work);
}

/** Reads what `plan.json` says. @throws DatasetError when the folder is no plan */
export function readPlanSummary(folder: string): Promise<PlanSummary> {
  return readSummary(folder, 'plan.json', planSchema, 'patchml plan');
}

/** Reads the rows of a plan: k ascending, then number ascending. */
export function readPlanRows(folder: string): AsyncIterable<PlanRow> {
  return readJsonLines(join(folder, 'plan.jsonl')) as AsyncIterable<PlanRow>;
}

function planFolder(recipe: Recipe, pool: string, work: string): string {
  const { seed, sampling, layout, canvas, patch } = recipe;
  const chosen = { seed, sampling, layout, size: canvas.size, safeArea: canvas.safeArea };
  const key = digestOf(['plan 1', pool, chosen, patch.fit]);
  return join(work, 'plan', key.slice(0, 16));
}

async function writePlan(
  recipe: Recipe,
  patches: readonly PatchRow[],
  first: IteratorResult<DrawnImage>,
  rest: Iterable<DrawnImage>,
  partial: string,
  { signal, onProgress }: StageOptions,
): Promise<number> {
  const rows = await writeJsonLines(join(partial, 'plan.jsonl'));
  const total = Object.values(recipe.sampling.counts).reduce((sum, count) => sum + count, 0);
  let done = 0;
  try {
    const write = async (image: DrawnImage): Promise<void> => {
      await rows.write(toPlanRow(recipe, patches, image));
      done += 1;
      if (done % 1000 !== 0 && done !== total) return;
      onProgress?.({ stage: 'plan', done, total, unit: 'rows' });
      await letSignalIn(signal, 'plan');
    };
    if (!first.done) await write(first.value);
    for (const image of rest) await write(image);
  } finally {
    await rows.close();
  }
  return done;
}

function toPlanRow(
  recipe: Recipe,
  pool: readonly PatchRow[],
  { k, index, patches }: DrawnImage,
): PlanRow {
  const chosen = patches.map((patch) => pool[patch]!);
  const stream = openImageStream(recipe, 'layout', k, index);
  const sizes = chosen.map(({ width, height }) => [width, height] as const);
  const places = placePatches(recipe, sizes, stream);
  return {
    id: `k${k}-${String(index).padStart(6, '0')}`,
    k,
    objects: chosen.map(({ id }, i) => ({ patch: id, bbox: places[i]! })),
  };
}
