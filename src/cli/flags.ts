import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Argv, InferredOptionTypes } from 'yargs';
import { loadRecipe, type RecipeOverrides } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { UsageError } from './run.js';

/** @throws UsageError unless a flag's value is a whole number from 1 to a highest one */
export function requireWhole(flag: string, value: number, most = Infinity): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  const end = most === Infinity ? '' : ` to ${most}`;
  throw new UsageError(`--${flag} takes a whole number from 1${end}`);
}

/** More threads than any machine has cores for would take its memory instead. */
const MAX_JOBS = 256;

/** @throws UsageError unless a number of worker threads is possible */
export function requireJobs(jobs: number): void {
  requireWhole('jobs', jobs, MAX_JOBS);
}

/** More change no digit that is printed, and would take days. */
const MAX_RESAMPLES = 100_000;

/** @throws UsageError unless a number of bootstrap resamples is sensible */
export function requireResamples(resamples: number): void {
  requireWhole('resamples', resamples, MAX_RESAMPLES);
}

/** @throws UsageError unless what a command works on was named */
export function requireGiven(name: string, value: string | undefined): void {
  if (value === undefined) throw new UsageError(`name the ${name}`);
}

/** The flags of every command that runs stages. */
const recipeFlags = {
  recipe: {
    alias: 'r',
    type: 'string',
    demandOption: true,
    describe: 'The recipe, a YAML file ("patchml init" writes one)',
  },
  annotations: {
    alias: 'a',
    type: 'string',
    describe: 'Folder of XML, LOC_*_solution.csv, or .tgz of XML',
  },
  images: {
    alias: 'i',
    type: 'string',
    describe: 'Folder of images (flat, by synset, or the Kaggle tree), or the official .tar',
  },
  work: {
    type: 'string',
    default: join('output', 'work'),
    describe: 'Folder for indexes, pools and plans, used again by later runs',
  },
  name: { type: 'string', describe: 'Override the name of the dataset' },
  seed: { type: 'string', describe: 'Override the seed' },
  counts: {
    type: 'string',
    describe: 'Override the images for each number of patches: 2:500,3:500',
  },
  limit: { type: 'number', describe: 'Use only the first N annotated images' },
  jobs: {
    alias: 'j',
    type: 'number',
    default: availableParallelism(),
    defaultDescription: 'one a core',
    describe: 'Worker threads; the output does not depend on it',
  },
  strict: {
    type: 'boolean',
    default: false,
    describe: 'Stop at the first bad annotation or image instead of counting it',
  },
  quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print errors only' },
  json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
} as const;

/** The flags' values. */
export type RecipeFlags = InferredOptionTypes<typeof recipeFlags>;

/** Adds the flags to a command. */
export function withRecipeFlags<T>(args: Argv<T>): Argv<T & RecipeFlags> {
  return args.options(recipeFlags).check(({ jobs, limit }) => {
    requireJobs(jobs);
    if (limit !== undefined) requireWhole('limit', limit);
    return true;
  }) as unknown as Argv<T & RecipeFlags>;
}

/** Loads the recipe that the flags name, with the fields that they override. */
export function loadRecipeOf(flags: RecipeFlags): Promise<Recipe> {
  const overrides: RecipeOverrides = {
    name: flags.name,
    seed: flags.seed,
    source: { limit: flags.limit },
    sampling: { counts: flags.counts === undefined ? undefined : parseCounts(flags.counts) },
  };
  return loadRecipe(flags.recipe, overrides);
}

/** Parses `2:500,3:500`. @throws UsageError */
function parseCounts(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [, k, images] = /^\s*([1-9]\d*)\s*:\s*(\d+)\s*$/.exec(part) ?? [];
    if (k === undefined || k in counts) {
      throw new UsageError(`--counts takes patches:images such as 2:500,3:500, not "${text}"`);
    }
    counts[k] = Number(images);
  }
  return counts;
}
