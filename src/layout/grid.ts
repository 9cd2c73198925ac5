import { fitInside, type Size } from '../image/box.js';
import { drawWithoutReplacement, type Stream } from '../random/stream.js';
import { cellsASide, cellSize, type Rectangle, safeArea } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';

/**
 * The cells of k patches, chosen at random from the grid's cells: n x n equal cells that fill the
 * safe area from its top left, `layout.gap` apart.
 */
export function chooseCells(recipe: Recipe, k: number, stream: Stream): Rectangle[] {
  const [left, top] = safeArea(recipe);
  const [width, height] = cellSize(recipe, k);
  const n = cellsASide(recipe, k);
  const { gap } = recipe.layout;
  return drawWithoutReplacement(stream, n * n, k).map((cell) => [
    left + (cell % n) * (width + gap),
    top + Math.floor(cell / n) * (height + gap),
    width,
    height,
  ]);
}

/** Where a patch of this size lies in its cell: for `contain` centred with its aspect kept. */
export function placeInCell(
  [x, y, width, height]: Rectangle,
  patch: Size,
  fit: Recipe['patch']['fit'],
): Rectangle {
  if (fit !== 'contain') return [x, y, width, height];
  const [fitted, fittedHeight] = fitInside(patch, [width, height]);
  return [
    x + Math.floor((width - fitted) / 2),
    y + Math.floor((height - fittedHeight) / 2),
    fitted,
    fittedHeight,
  ];
}
