import { isDeepStrictEqual } from 'node:util';
import { byteOrder } from '../files/byte-order.js';
import { isMapping } from '../files/read-yaml.js';
import { portableRecipe } from '../recipe/digest.js';
import type { Recipe } from '../recipe/schema.js';

/** One field of a recipe that is another in the second; undefined where a recipe lacks it. */
export interface RecipeChange {
  /** As in errors: `sampling.counts.2`. */
  field: string;
  before: unknown;
  after: unknown;
}

/** The fields in which two recipes differ, in the order of the recipe. */
export function diffRecipes(before: Recipe, after: Recipe): RecipeChange[] {
  return changesIn('', portableRecipe(before), portableRecipe(after));
}

function changesIn(field: string, before: unknown, after: unknown): RecipeChange[] {
  if (!isMapping(before) || !isMapping(after)) {
    return isDeepStrictEqual(before, after) ? [] : [{ field, before, after }];
  }
  const keys = Object.keys(before);
  const added = Object.keys(after).filter((key) => !keys.includes(key));
  return [...keys, ...added.sort(byteOrder)].flatMap((key) =>
    changesIn(field === '' ? key : `${field}.${key}`, before[key], after[key]),
  );
}
