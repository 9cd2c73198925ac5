import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { composeDataset } from '../dataset/compose-dataset.js';
import { explainError } from '../errors.js';
import { requireInputs } from '../generate.js';
import { buildIndex, findIndex, readIndexSummary } from '../imagenet/build-index.js';
import { extractPool, findPool, readPoolSummary } from '../pool/extract-pool.js';
import type { StageOptions } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { findPlan, makePlan, readPlanSummary } from '../sampling/make-plan.js';
import { type OutFlags, printDataset, withOutFlags } from './generate.js';
import { interruptible } from './interruptible.js';
import { loadRecipeOf, type RecipeFlags, withRecipeFlags } from './recipe-flags.js';
import { showProgress } from './show-progress.js';
import { listCounts, toTable } from './table.js';

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
