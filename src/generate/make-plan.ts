import { join } from 'node:path';
import { z } from 'zod';
import { digestOf, sha256File } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import { exists, type FolderOf } from '../files/folders.js';
import { readSummary, toJson, writeJsonLines } from '../files/json.js';
import { writeWhole } from '../files/output-file.js';
import { buildFolder } from '../files/output-folder.js';
import { reportEvery, type StageOptions } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { drawDataset, type DrawnImage, openImageStream } from './draw-patches.js';
import { placePatches } from './place-patches.js';
import { type PatchRow, type PoolFolder, readPatchRows, readPoolSummary } from './pool.js';
import {
  planPartOf,
  planPartSchema,
  poolPartOf,
  readStageRows,
  requireSamePart,
  requireStageRows,
  type RowMarks,
  type RowsBegin,
} from './stage-folder.js';

/** The path of a plan folder. */
export type PlanFolder = FolderOf<'plan'>;

const length = z.int().min(0);
const planRowSchema = z.object({
  id: z.string().regex(/^[\w-]+$/),
  k: z.int().positive(),
  objects: z.array(
    z.object({ patch: z.string(), bbox: z.tuple([length, length, length, length]).readonly() }),
  ),
});

/** What a plan folder is; written last. */
export const PLAN_FILE = 'plan.json';
/** The rows of a plan. */
export const PLAN_ROWS_FILE = 'plan.jsonl';

/**
 * One image of the dataset, a row of `plan.jsonl`: `id` is `k<patches>-<number>`, such as
 * `k3-000017`; `objects` says which patches it holds, each by its id in the pool, and where they
 * lie: `bbox` is `[x, y, width, height]`, px from the canvas's top left.
 */
export type PlanRow = z.output<typeof planRowSchema>;

const planSchema = z.object({
  format: z.literal('patchml-plan'),
  digest: z.string(),
  pool: z.string(),
  images: z.int(),
  recipe: planPartSchema,
});

/**
 * What `plan.json` says of a plan folder: the SHA-256 of `plan.jsonl`, the digest of the pool whose
 * patches it names, its images, and the part of the recipe that it depends on.
 */
export type PlanSummary = z.output<typeof planSchema>;

/** A plan folder, opened for reading. */
export interface Plan {
  folder: PlanFolder;
  summary: PlanSummary;
  /**
   * The images: k ascending, then number ascending.
   * @throws DatasetError that names the line and the field, or says that there are no rows
   */
  rows: () => AsyncIterable<PlanRow>;
}

export interface PlanInput {
  recipe: Recipe;
  /** The pool folder, made by the same `source` and `patch` parts of the recipe. */
  pool: PoolFolder;
  /** Where stages keep what they make; the plan goes into `plan/<key>` in it. */
  work: string;
}

/**
 * The third stage: decides for every image of the dataset which patches it holds and where they
 * lie. A plan of the same pool, seed, sampling and layout is used again.
 * @throws SamplingError where the pool cannot give what the recipe asks for
 * @throws DatasetError where the pool is invalid, or of another recipe
 * @throws OutputError where `work` cannot be written; AbortedError
 */
export function makePlan(input: PlanInput, options: StageOptions = {}): Promise<Plan> {
  return explaining(() => plan(input, options));
}

async function plan(input: PlanInput, options: StageOptions): Promise<Plan> {
  const { digest: pool, recipe: made } = await readPoolSummary(input.pool);
  requireSamePart('pool', input.pool, made, poolPartOf(input.recipe));
  const folder = planFolder(input.recipe, pool, input.work);
  if (await exists(join(folder, PLAN_FILE))) return readPlan(folder);
  const patches = await readPatchRows(input.pool);
  const drawn = drawDataset(input.recipe, patches);
  const first = drawn.next(); // an impossible demand throws here, before anything is written
  await buildFolder(folder, async (partial) => {
    const images = await writePlan(input.recipe, patches, first, drawn, partial, options);
    const digest = sha256File(join(partial, PLAN_ROWS_FILE));
    const recipe = planPartOf(input.recipe);
    const summary: PlanSummary = { format: 'patchml-plan', digest, pool, images, recipe };
    await writeWhole(join(partial, PLAN_FILE), toJson(summary));
  });
  return readPlan(folder);
}

/** The folder that the plan of this input has, made or not. @throws DatasetError */
export async function findPlan({ recipe, pool, work }: PlanInput): Promise<PlanFolder> {
  return planFolder(recipe, (await readPoolSummary(pool)).digest, work);
}

/**
 * Opens a plan folder: reads its summary. Its rows are not checked.
 * @throws DatasetError where it is not a plan; OutputError where it cannot be read
 */
export async function readPlan(folder: PlanFolder): Promise<Plan> {
  return { folder, summary: await readPlanSummary(folder), rows: () => readPlanRows(folder) };
}

/** Reads what `plan.json` says. @throws DatasetError when the folder is not a plan */
export function readPlanSummary(folder: PlanFolder): Promise<PlanSummary> {
  return readSummary(folder, PLAN_FILE, planSchema, 'patchml plan');
}

/** The rows of a plan. @param begin the first of them, and what {@link requirePlanRows} found. Default: all */
export function readPlanRows(folder: PlanFolder, begin?: RowsBegin): AsyncIterable<PlanRow> {
  return readStageRows('plan', join(folder, PLAN_ROWS_FILE), planRowSchema, begin);
}

/** @throws DatasetError where the rows are not those that `plan.json` was written for */
export function requirePlanRows({ folder, summary }: Plan): RowMarks {
  return requireStageRows('plan', join(folder, PLAN_ROWS_FILE), summary.digest);
}

function planFolder(recipe: Recipe, pool: string, work: string): PlanFolder {
  const key = digestOf(['plan 2', pool, planPartOf(recipe)]);
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
  const rows = await writeJsonLines(join(partial, PLAN_ROWS_FILE));
  const total = Object.values(recipe.sampling.counts).reduce((sum, count) => sum + count, 0);
  let done = 0;
  try {
    const write = async (image: DrawnImage): Promise<void> => {
      await rows.write(toPlanRow(recipe, patches, image));
      done += 1;
      await reportEvery(1000, { stage: 'plan', done, total, unit: 'rows' }, { signal, onProgress });
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
