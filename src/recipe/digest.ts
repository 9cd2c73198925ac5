import { digestOf } from '../files/digest.js';
import type { Recipe } from './schema.js';

/** A recipe without the paths of this machine: what is published, and what its digest is of. */
export function portableRecipe(recipe: Recipe): Recipe {
  const { split, limit, allow, block } = recipe.source;
  const source = { split, ...(limit === undefined ? {} : { limit }), allow, block };
  return { ...recipe, source };
}

/** SHA-256 of a recipe with its defaults filled in; where its inputs lie does not matter. */
export function recipeDigest(recipe: Recipe): string {
  return digestOf(portableRecipe(recipe));
}
