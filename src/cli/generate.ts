import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import type { DatasetFolder } from '../dataset/dataset.js';
import type { Recipe } from '../recipe/schema.js';
import { listCounts, toTable } from '../text.js';
import { loadRecipeOf, type RecipeFlags, shared, withRecipeFlags } from './flags.js';
import { type Outcome, run } from './run.js';

/** The flags of the commands that write a dataset. */
export interface OutFlags {
  out: string | undefined;
  overwrite: boolean;
}

export const generateCommand: CommandModule<object, RecipeFlags & OutFlags> = {
  command: 'generate',
  describe: 'Make a dataset: index, extract, plan, compose',
  builder: (args) =>
    withOutFlags(withRecipeFlags(args)).example(
      '$0 generate -r configs/recipes/paper.yaml -a Annotations/CLS-LOC/val -i images',
      'From the validation set, into output/paper',
    ),
  handler: run(async (flags, { signal, onProgress }) => {
    const { generate } = await import('../generate/generate.js');
    const recipe = await loadRecipeOf(flags);
    const { annotations, images, work } = flags;
    const out = flags.out ?? join('output', recipe.name);
    const { dataset, pool } = await generate(
      { recipe, annotations, images, out, work },
      { ...flags, signal, onProgress },
    );
    return describeDataset(dataset, pool);
  }),
};

/** Adds the flags of a command that writes a dataset. */
function withOutFlags<T>(args: Argv<T>): Argv<T & OutFlags> {
  return args.options({
    out: { ...shared.out, describe: 'The dataset folder  [default: output/<name>]' },
    overwrite: shared.overwrite,
  }) as unknown as Argv<T & OutFlags>;
}

/** What a dataset holds and where it is. */
async function describeDataset(folder: DatasetFolder, pool: string): Promise<Outcome> {
  const { readDatasetSummary, readLock } = await import('../dataset/dataset.js');
  const summary = await readDatasetSummary(folder);
  const { dataset: digest } = await readLock(folder);
  const { images, counts, source } = summary;
  const text = toTable([
    ['dataset', folder],
    ['name', `${summary.name} ${summary.version}, seed ${summary.recipe.seed}`],
    ['images', images],
    ['images by patches', listCounts(counts)],
    ['classes', Object.keys(summary.classes).length],
    ['annotations', source.annotations],
    ['malformed annotations', source.malformed],
    ['objects', source.objects],
    ['patches', source.patches],
    ['objects dropped', listCounts(source.drops)],
    ['pool', pool],
    ['digest', digest],
  ]);
  return { result: { dataset: folder, pool, digest, images, counts, source }, text };
}

/** Each stage finds what the one before it wrote by the same recipe and inputs. */

export const indexCommand: CommandModule<object, RecipeFlags> = {
  command: 'index',
  describe: 'First stage: parse annotations and find their images',
  builder: withRecipeFlags,
  handler: run(async (flags, { signal, onProgress }) => {
    const { buildIndex, readIndexSummary } = await import('../generate/build-index.js');
    const { requireInputs } = await import('../generate/generate.js');
    const recipe = await loadRecipeOf(flags);
    const input = { recipe, ...requireInputs({ ...flags, recipe }), work: flags.work };
    const folder = await buildIndex(input, { ...flags, signal, onProgress });
    const { annotations, malformed, objects, indexed, drops } = await readIndexSummary(folder);
    return describe('index', folder, {
      annotations,
      'malformed annotations': malformed,
      objects,
      'images found': indexed.images,
      'objects found': indexed.objects,
      'objects dropped': listCounts(drops),
    });
  }),
};

export const extractCommand: CommandModule<object, RecipeFlags> = {
  command: 'extract',
  describe: 'Second stage: cut the objects out into a pool',
  builder: withRecipeFlags,
  handler: run(async (flags, { signal, onProgress }) => {
    const { extractPool, readPoolSummary } = await import('../generate/extract-pool.js');
    const recipe = await loadRecipeOf(flags);
    const input = { recipe, index: await indexOf(recipe, flags), work: flags.work };
    const folder = await extractPool(input, { ...flags, signal, onProgress });
    const { source, patches, bytes, drops, digest } = await readPoolSummary(folder);
    return describe('pool', folder, {
      objects: source.objects,
      patches,
      'objects dropped': listCounts(drops),
      bytes,
      digest,
    });
  }),
};

export const planCommand: CommandModule<object, RecipeFlags> = {
  command: 'plan',
  describe: 'Third stage: sample patches for every image',
  builder: withRecipeFlags,
  handler: run(async (flags, { signal, onProgress }) => {
    const { makePlan, readPlanSummary } = await import('../generate/make-plan.js');
    const recipe = await loadRecipeOf(flags);
    const input = { recipe, pool: await poolOf(recipe, flags), work: flags.work };
    const folder = await makePlan(input, { ...flags, signal, onProgress });
    const { images, digest } = await readPlanSummary(folder);
    return describe('plan', folder, { images, digest });
  }),
};

export const composeCommand: CommandModule<object, RecipeFlags & OutFlags> = {
  command: 'compose',
  describe: 'Last stage: paint the images and write the dataset',
  builder: (args) => withOutFlags(withRecipeFlags(args)),
  handler: run(async (flags, { signal, onProgress }) => {
    const { composeDataset } = await import('../generate/compose-dataset.js');
    const { findPlan } = await import('../generate/make-plan.js');
    const recipe = await loadRecipeOf(flags);
    const pool = await poolOf(recipe, flags);
    const plan = await findPlan({ recipe, pool, work: flags.work });
    const out = flags.out ?? join('output', recipe.name);
    const input = { recipe, pool, plan, out };
    await composeDataset(input, { ...flags, signal, onProgress });
    return describeDataset(out, pool);
  }),
};

async function indexOf(recipe: Recipe, flags: RecipeFlags): Promise<string> {
  const { findIndex } = await import('../generate/build-index.js');
  const { requireInputs } = await import('../generate/generate.js');
  return findIndex({ recipe, ...requireInputs({ ...flags, recipe }), work: flags.work });
}

async function poolOf(recipe: Recipe, flags: RecipeFlags): Promise<string> {
  const { findPool } = await import('../generate/extract-pool.js');
  return findPool({ recipe, index: await indexOf(recipe, flags), work: flags.work });
}

/** What a stage but the last made. */
function describe(kind: string, folder: string, values: Record<string, string | number>): Outcome {
  return {
    result: { [kind]: folder, ...values },
    text: toTable([[kind, folder], ...Object.entries(values)]),
  };
}
