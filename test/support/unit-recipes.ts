import { parseRecipe, type RecipeOverrides } from '../../src/recipe/load.js';
import type { Recipe } from '../../src/recipe/schema.js';

/** A recipe with its defaults but for these fields. */
export function recipeWith(fields: RecipeOverrides = {}): Recipe {
  return parseRecipe({ name: 'test', ...fields });
}

/** The fields of a recipe with one value set: `('patch.minSide', 0)` gives `{patch: {minSide: 0}}`. */
export function fieldsWith(path: string, value: unknown): Record<string, unknown> {
  const [first, ...rest] = path.split('.');
  return { [first!]: rest.length === 0 ? value : fieldsWith(rest.join('.'), value) };
}
