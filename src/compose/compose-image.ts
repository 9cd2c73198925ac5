import type { RgbImage } from '../image/decode.js';
import { dropAlpha } from '../image/drop-alpha.js';
import type { PatchRow } from '../pool/patch-row.js';
import type { PoolReader } from '../pool/pool-reader.js';
import { canvasSize } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import type { PlanRow } from '../sampling/make-plan.js';
import { openBackground } from './background.js';
import { paint } from './paint.js';

/** Composes one image from its plan row and the pool rows of its patches, in the same order. */
export type Composer = (row: PlanRow, patches: readonly PatchRow[]) => Promise<RgbImage>;

/** A composer for a recipe: what it makes depends on the plan row and the pool alone. */
export function openComposer(recipe: Recipe, pool: PoolReader): Composer {
  const [width, height] = canvasSize(recipe);
  const background = openBackground(recipe);
  return async ({ id, objects }, patches) => {
    const canvas = { width, height, data: background(id) };
    for (const [index, { bbox }] of objects.entries()) {
      paint(canvas, pool.read(patches[index]!), bbox, recipe.patch);
    }
    return dropAlpha(canvas);
  };
}
