import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Argv, InferredOptionTypes } from 'yargs';
import type { RecipeOverrides } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { UsageError } from './run.js';

/** A flag that takes a whole number from 1 to a highest one. */
export function wholeNumber(name: string, describe: string, most = Infinity) {
  return {
    type: 'number',
    describe,
    coerce: (value: unknown): number => requireWhole(name, value, most),
  } as const;
}

function requireWhole(name: string, value: unknown, most: number): number {
  // Given twice, it comes as a list, which `main` refuses.
  if (
    Array.isArray(value) ||
    (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most)
  ) {
    return value as number;
  }
  throw new UsageError(
    `--${name} takes a whole number from 1${most === Infinity ? '' : ` to ${most}`}`,
  );
}

/** More threads than any machine has cores for would take its memory instead. */
const MAX_JOBS = 256;

/** More change no digit that is printed, and would take days. */
const MAX_RESAMPLES = 100_000;

/** The flags that several commands share; a command may describe one in words of its own. */
export const shared = {
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
  out: { alias: 'o', type: 'string', describe: 'The dataset folder' },
  work: {
    type: 'string',
    default: join('output', 'work'),
    describe: 'Folder for indexes, pools and plans, used again by later runs',
  },
  overwrite: {
    type: 'boolean',
    default: false,
    describe: 'Replace another patchml dataset at --out',
  },
  strict: {
    type: 'boolean',
    default: false,
    describe: 'Stop at the first bad annotation or image instead of counting it',
  },
  limit: wholeNumber('limit', 'Use only the first N images'),
  jobs: {
    ...wholeNumber('jobs', 'Worker threads; the output does not depend on it', MAX_JOBS),
    alias: 'j',
    default: Math.min(availableParallelism(), MAX_JOBS),
    defaultDescription: 'one a core',
  },
  seed: { type: 'string', default: '42', describe: 'Of the bootstrap' },
  resamples: {
    ...wholeNumber('resamples', 'Bootstrap resamples for the intervals', MAX_RESAMPLES),
    default: 1000,
  },
  endpoint: { type: 'string', describe: 'Server of another S3 store or Hub, as an address' },
  quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print errors only' },
  json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
} as const;

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
  annotations: shared.annotations,
  images: shared.images,
  work: shared.work,
  name: { type: 'string', describe: 'Override the name of the dataset' },
  seed: { type: 'string', describe: 'Override the seed' },
  counts: {
    type: 'string',
    describe: 'Override the images for each number of patches: 2:500,3:500',
  },
  limit: { ...shared.limit, describe: 'Use only the first N annotated images' },
  jobs: shared.jobs,
  strict: shared.strict,
  quiet: shared.quiet,
  json: shared.json,
} as const;

/** The flags' values. */
export type RecipeFlags = InferredOptionTypes<typeof recipeFlags>;

/** Adds the flags to a command. */
export function withRecipeFlags<T>(args: Argv<T>): Argv<T & RecipeFlags> {
  return args.options(recipeFlags) as unknown as Argv<T & RecipeFlags>;
}

/** Loads the recipe that the flags name, with the fields that they override. */
export async function loadRecipeOf(flags: RecipeFlags): Promise<Recipe> {
  const overrides: RecipeOverrides = {
    name: flags.name,
    seed: flags.seed,
    source: { limit: flags.limit },
    sampling: { counts: flags.counts === undefined ? undefined : parseCounts(flags.counts) },
  };
  const { loadRecipe } = await import('../recipe/load.js');
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
