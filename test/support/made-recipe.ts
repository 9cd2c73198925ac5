import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { parseRecipe, type RecipeOverrides } from '../../src/recipe/load.js';
import type { Recipe } from '../../src/recipe/schema.js';

/** What the made input serves for: 24 images of two and three patches. */
const FIELDS = { name: 'made', sampling: { counts: { 2: 12, 3: 12 } } };

/** A small recipe, with these fields in place of its own. */
export function madeRecipe(fields: RecipeOverrides = {}): Recipe {
  return parseRecipe({ ...FIELDS, ...fields });
}

/** Of four images, for tests that look at every file of a dataset many times. */
export const DISK_RECIPE = madeRecipe({ sampling: { counts: { 2: 2, 3: 2 } } });

/** Writes a small recipe, with these fields in place of its own. @returns the file */
export function writeRecipe(folder: string, fields: Record<string, unknown> = {}): string {
  const path = join(folder, 'recipe.yaml');
  writeFileSync(path, stringify({ ...FIELDS, ...fields }));
  return path;
}
