import type { Size } from '../image/box.js';
import type { Stream } from '../random/stream.js';
import type { Rectangle } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import { chooseCells, placeInCell } from './grid.js';
import { scatter } from './scatter.js';

const SCATTER_ATTEMPTS = 20;

/**
 * Where each patch of an image lies, px from the canvas's top left; always inside the safe area.
 * A scatter that does not come off in {@link SCATTER_ATTEMPTS} attempts becomes a grid.
 * @param patches sizes of the patches as stored, px
 */
export function placePatches(
  recipe: Recipe,
  patches: readonly Size[],
  stream: Stream,
): Rectangle[] {
  if (recipe.layout.type === 'scatter') {
    for (let attempt = 0; attempt < SCATTER_ATTEMPTS; attempt += 1) {
      const places = scatter(recipe, patches, stream);
      if (places) return places;
    }
  }
  const cells = chooseCells(recipe, patches.length, stream);
  return cells.map((cell, index) => placeInCell(cell, patches[index]!, recipe.patch.fit));
}
