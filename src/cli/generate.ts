import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { readDatasetSummary, readLock } from '../dataset/dataset.js';
import { explainError } from '../files/file-errors.js';
import { buildIndex, findIndex, readIndexSummary } from '../generate/build-index.js';
import { composeDataset } from '../generate/compose-dataset.js';
import { extractPool, findPool, readPoolSummary } from '../generate/extract-pool.js';
import { generate, requireInputs } from '../generate/generate.js';
import { findPlan, makePlan, readPlanSummary } from '../generate/make-plan.js';
import type { StageOptions } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { listCounts, toTable } from '../text.js';
import { loadRecipeOf, type RecipeFlags, withRecipeFlags } from './flags.js';
import { interruptible, showProgress } from './run.js';

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
  handler: async (flags) => {
    const recipe = await loadRecipeOf(flags);
    const out = flags.out ?? join('output', recipe.name);
    const progress = showProgress(flags);
    const made = await interruptible((signal) =>
      generate(
        { recipe, annotations: flags.annotations, images: flags.images, out, work: flags.work },
        { ...flags, signal, onProgress: progress.show },
      ).finally(progress.stop),
    );
    await printDataset(made.dataset, flags, { pool: made.pool });
  },
};

/** Adds the flags of a command that writes a dataset. */
function withOutFlags<T>(args: Argv<T>): Argv<T & OutFlags> {
  return args.options({
    out: { alias: 'o', type: 'string', describe: 'The dataset folder  [default: output/<name>]' },
    overwrite: {
      type: 'boolean',
      default: false,
      describe: 'Replace another patchml dataset at --out',
    },
  }) as unknown as Argv<T & OutFlags>;
}

/** Prints what a dataset holds and where it is. */
async function printDataset(
  folder: string,
  { quiet, json }: Pick<RecipeFlags, 'quiet' | 'json'>,
  places: { pool: string },
): Promise<void> {
  const summary = await readDatasetSummary(folder);
  const { dataset: digest } = await readLock(folder);
  if (json) {
    const { images, counts, source } = summary;
    console.log(
      JSON.stringify({ dataset: folder, ...places, digest, images, counts, source }, null, 2),
    );
    return;
  }
  if (quiet) return;
  const { annotations, malformed, objects, patches, drops } = summary.source;
  const table = toTable([
    ['dataset', folder],
    ['name', `${summary.name} ${summary.version}, seed ${summary.recipe.seed}`],
    ['images', summary.images],
    ['images by patches', listCounts(summary.counts)],
    ['classes', Object.keys(summary.classes).length],
    ['annotations', annotations],
    ['malformed annotations', malformed],
    ['objects', objects],
    ['patches', patches],
    ['objects dropped', listCounts(drops)],
    ['pool', places.pool],
    ['digest', digest],
  ]);
  console.log(table);
}

/** Each stage finds what the one before it wrote by the same recipe and inputs. */

export const indexCommand: CommandModule<object, RecipeFlags> = {
  command: 'index',
  describe: 'First stage: parse annotations and find their images',
  builder: withRecipeFlags,
  handler: async (flags) => {
    const recipe = await loadRecipeOf(flags);
    const input = { recipe, ...requireInputs({ ...flags, recipe }), work: flags.work };
    const folder = await runStage(flags, (options) => buildIndex(input, options));
    const { annotations, malformed, objects, indexed, drops } = await readIndexSummary(folder);
    print(flags, 'index', folder, {
      annotations,
      'malformed annotations': malformed,
      objects,
      'images found': indexed.images,
      'objects found': indexed.objects,
      'objects dropped': listCounts(drops),
    });
  },
};

export const extractCommand: CommandModule<object, RecipeFlags> = {
  command: 'extract',
  describe: 'Second stage: cut the objects out into a pool',
  builder: withRecipeFlags,
  handler: async (flags) => {
    const recipe = await loadRecipeOf(flags);
    const index = await indexOf(recipe, flags);
    const input = { recipe, index, work: flags.work };
    const folder = await runStage(flags, (options) => extractPool(input, options));
    const { source, patches, bytes, drops, digest } = await readPoolSummary(folder);
    print(flags, 'pool', folder, {
      objects: source.objects,
      patches,
      'objects dropped': listCounts(drops),
      bytes,
      digest,
    });
  },
};

export const planCommand: CommandModule<object, RecipeFlags> = {
  command: 'plan',
  describe: 'Third stage: sample patches for every image',
  builder: withRecipeFlags,
  handler: async (flags) => {
    const recipe = await loadRecipeOf(flags);
    const input = { recipe, pool: await poolOf(recipe, flags), work: flags.work };
    const folder = await runStage(flags, (options) => makePlan(input, options));
    const { images, digest } = await readPlanSummary(folder);
    print(flags, 'plan', folder, { images, digest });
  },
};

export const composeCommand: CommandModule<object, RecipeFlags & OutFlags> = {
  command: 'compose',
  describe: 'Last stage: paint the images and write the dataset',
  builder: (args) => withOutFlags(withRecipeFlags(args)),
  handler: async (flags) => {
    const recipe = await loadRecipeOf(flags);
    const pool = await poolOf(recipe, flags);
    const plan = await findPlan({ recipe, pool, work: flags.work });
    const out = flags.out ?? join('output', recipe.name);
    await runStage(flags, (options) => composeDataset({ recipe, pool, plan, out }, options));
    await printDataset(out, flags, { pool });
  },
};

function indexOf(recipe: Recipe, flags: RecipeFlags): Promise<string> {
  return findIndex({ recipe, ...requireInputs({ ...flags, recipe }), work: flags.work });
}

async function poolOf(recipe: Recipe, flags: RecipeFlags): Promise<string> {
  return findPool({ recipe, index: await indexOf(recipe, flags), work: flags.work });
}

async function runStage<F extends RecipeFlags, T>(
  flags: F,
  stage: (options: F & StageOptions) => Promise<T>,
): Promise<T> {
  const progress = showProgress(flags);
  try {
    return await interruptible((signal) => stage({ ...flags, signal, onProgress: progress.show }));
  } catch (error) {
    throw explainError(error);
  } finally {
    progress.stop();
  }
}

function print(
  { quiet, json }: RecipeFlags,
  kind: string,
  folder: string,
  values: Record<string, string | number>,
): void {
  if (json) console.log(JSON.stringify({ [kind]: folder, ...values }, null, 2));
  else if (!quiet) console.log(toTable([[kind, folder], ...Object.entries(values)]));
}
