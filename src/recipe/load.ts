import { isDeepStrictEqual } from 'node:util';
import { RecipeError } from '../errors.js';
import { digestOf } from '../files/digest.js';
import { byteOrder } from '../files/listing.js';
import { invalidField, isMapping, readYaml, type YamlKind } from '../files/yaml.js';
import { cellSize, gridOf, safeArea } from './geometry.js';
import {
  MAX_PATCHES,
  MIN_CELL_SIDE,
  patchCounts,
  type Recipe,
  type RecipeInput,
  recipeSchema,
} from './schema.js';

const RECIPE: YamlKind = {
  name: 'recipe',
  Failure: RecipeError,
  example: 'name: my-dataset',
  fix: '"patchml init" writes a recipe with every field',
  schema: recipeSchema,
};

/** Fields to lay over those of the file, such as `{ seed: 7, sampling: { counts: { 2: 500 } } }`. */
export type RecipeOverrides = DeepPartial<RecipeInput>;

type DeepPartial<T> = T extends unknown[] | string | number | boolean
  ? T
  : { [K in keyof T]?: DeepPartial<T[K]> | undefined };

/**
 * Reads a recipe from a YAML file, lays the overrides over it, fills in the defaults and checks it.
 * @throws RecipeError that names the field, what it may be and what it was
 * @throws OutputError where the file cannot be read
 */
export async function loadRecipe(path: string, overrides: RecipeOverrides = {}): Promise<Recipe> {
  const fields = await readYaml(path, RECIPE);
  return parseRecipe(merge(fields, overrides), path);
}

/**
 * Fills in the defaults of a recipe and checks it.
 * @param path named in errors
 * @throws RecipeError
 */
export function parseRecipe(input: unknown, path?: string): Recipe {
  const parsed = recipeSchema.safeParse(input, { reportInput: true });
  if (!parsed.success) throw invalidField(parsed.error.issues[0]!, path, RECIPE);
  const contradiction = findContradiction(parsed.data);
  if (contradiction) {
    const [place, problem, fix] = contradiction;
    throw new RecipeError(problem, { code: 'recipe-contradiction', path, place, fix });
  }
  return parsed.data;
}

type Contradiction = [place: string, problem: string, fix: string];

function findContradiction(recipe: Recipe): Contradiction | undefined {
  return (
    findImpossibleCount(recipe) ??
    findConflictTwice(recipe) ??
    findImpossibleScatter(recipe) ??
    findOtherContradiction(recipe)
  );
}

function findImpossibleCount(recipe: Recipe): Contradiction | undefined {
  for (const k of patchCounts(recipe)) {
    const place = `sampling.counts.${k}`;
    if (k > MAX_PATCHES) {
      return [place, `an image holds at most ${MAX_PATCHES} patches`, 'ask for fewer'];
    }
    const [columns, rows] = gridOf(recipe, k);
    const cells = columns * rows;
    if (recipe.layout.type === 'fixed-grid' && k > cells) {
      return [place, `${k} patches do not fit in ${cells} cells`, 'raise layout.cells'];
    }
    if (Math.min(...cellSize(recipe, k)) < MIN_CELL_SIDE) {
      return [
        place,
        `cells would be smaller than ${MIN_CELL_SIDE} px`,
        'enlarge the canvas, or lower layout.gap or the number of patches',
      ];
    }
  }
  return undefined;
}

function findConflictTwice({ sampling }: Recipe): Contradiction | undefined {
  const seen = new Set<string>();
  for (const [index, group] of sampling.conflicts.entries()) {
    for (const wnid of group) {
      if (seen.has(wnid)) {
        return [`sampling.conflicts.${index}`, `${wnid} is named twice`, 'merge the two groups'];
      }
      seen.add(wnid);
    }
  }
  return undefined;
}

function findImpossibleScatter(recipe: Recipe): Contradiction | undefined {
  const { type, gap, maxOverlap, scale } = recipe.layout;
  if (scale[0] > scale[1]) {
    return ['layout.scale', 'the minimum is larger than the maximum', 'swap the two'];
  }
  if (type !== 'scatter') return undefined;
  const [, , width, height] = safeArea(recipe);
  if (Math.min(width, height) * scale[0] < MIN_CELL_SIDE) {
    return [
      'layout.scale',
      `patches would be smaller than ${MIN_CELL_SIDE} px`,
      'raise the minimum',
    ];
  }
  if (gap > 0 && maxOverlap > 0) {
    return ['layout.gap', 'patches that may overlap have no gap', 'set one of the two to 0'];
  }
  return undefined;
}

function findOtherContradiction({ sampling, source }: Recipe): Contradiction | undefined {
  if (sampling.paired && sampling.replacement === 'per-dataset') {
    return [
      'sampling.paired',
      'paired images share patches, which replacement "per-dataset" forbids',
      'change one of the two',
    ];
  }
  if (Object.values(sampling.counts).every((count) => count === 0)) {
    return ['sampling.counts', 'it asks for no images', 'set at least one count'];
  }
  for (const kind of ['synsets', 'images'] as const) {
    const both = source.allow[kind].find((name) => source.block[kind].includes(name));
    if (both !== undefined) {
      return [`source.block.${kind}`, `${both} is both allowed and blocked`, 'keep it in one list'];
    }
  }
  return undefined;
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isMapping(base) || !isMapping(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    // Counts are one value: giving some on the command line replaces them all.
    merged[key] = key === 'counts' ? (value ?? merged[key]) : merge(merged[key], value);
  }
  return merged;
}

/** A recipe without the paths of this machine: what is published, and what its digest is of. */
export function portableRecipe(recipe: Recipe): Recipe {
  const { split, limit, allow, block } = recipe.source;
  const source = { split, ...(limit === undefined ? {} : { limit }), allow, block };
  return { ...recipe, source };
}

/** One field of a recipe that is another in the second; undefined where a recipe lacks it. */
export interface RecipeChange {
  /** As in errors: `sampling.counts.2`. */
  field: string;
  before: unknown;
  after: unknown;
}

/** The fields in which two recipes, or parts of them, differ: in the order of the first. */
export function recipeChanges(before: unknown, after: unknown, field = ''): RecipeChange[] {
  if (!isMapping(before) || !isMapping(after)) {
    return isDeepStrictEqual(before, after) ? [] : [{ field, before, after }];
  }
  const keys = Object.keys(before);
  const added = Object.keys(after).filter((key) => !keys.includes(key));
  return [...keys, ...added.sort(byteOrder)].flatMap((key) =>
    recipeChanges(before[key], after[key], field === '' ? key : `${field}.${key}`),
  );
}

/** SHA-256 of a recipe with its defaults filled in; where its inputs lie does not matter. */
export function recipeDigest(recipe: Recipe): string {
  return digestOf(portableRecipe(recipe));
}
