import { dropAlpha } from '../image/drop-alpha.js';
import type { RgbaImage } from '../image/resize.js';
import type { RgbImage } from '../image/rgb-image.js';
import type { PatchRow } from '../pool/patch-row.js';
import type { PoolReader } from '../pool/pool-reader.js';
import { canvasSize } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import type { PlanRow } from '../sampling/make-plan.js';
import { openBackground } from './background.js';
import { paint } from './paint.js';

/** A plan row and the pool rows of its patches, in the same order. */
export interface ComposeTask {
  row: PlanRow;
  patches: readonly PatchRow[];
}

/** Composes images, each from its task alone; the results are in the tasks' order. */
export type Composer = (tasks: readonly ComposeTask[]) => Promise<RgbImage[]>;

/** A composer for a recipe and a pool. */
export function openComposer(recipe: Recipe, pool: PoolReader): Composer {
  const [width, height] = canvasSize(recipe);
  const background = openBackground(recipe);
  const compose = ({ row, patches }: ComposeTask): RgbaImage => {
    const canvas = { width, height, data: background(row.id) };
    for (const [index, { bbox }] of row.objects.entries()) {
      paint(canvas, pool.read(patches[index]!), bbox, recipe.patch);
    }
    return canvas;
  };
  return (tasks) => dropAlpha(tasks.map(compose));
}
