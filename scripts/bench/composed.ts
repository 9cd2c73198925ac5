import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { composeDataset, makePlan, parseRecipe } from '../../src/index.js';
import type { Bench } from './benchmark.js';
import { recipeOf } from './input.js';

/** A dataset of so many images, made once. @returns its folder */
export async function composed({ input, scratch }: Bench, images: number): Promise<string> {
  const out = join(scratch, `composed-${images}`);
  if (existsSync(out)) return out;
  const recipe = parseRecipe(recipeOf(images));
  const plan = await makePlan({ recipe, pool: input.pool, work: join(scratch, 'work') });
  await composeDataset({ recipe, pool: input.pool, plan, out });
  return out;
}
