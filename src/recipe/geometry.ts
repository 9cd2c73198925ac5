import type { GridCell } from '../image/box.js';
import type { Resizing } from '../image/kernel/kernel.js';
import type { Recipe } from './schema.js';

/** A rectangle in pixels: left, top, width, height. */
export type Rectangle = readonly [x: number, y: number, width: number, height: number];

/** Width and height of the canvas, px. */
export function canvasSize({ canvas }: Recipe): [width: number, height: number] {
  return typeof canvas.size === 'number' ? [canvas.size, canvas.size] : canvas.size;
}

/** The central part of the canvas that patches stay in. */
export function safeArea(recipe: Recipe): Rectangle {
  const [width, height] = canvasSize(recipe);
  const safeWidth = Math.floor(width * recipe.canvas.safeArea);
  const safeHeight = Math.floor(height * recipe.canvas.safeArea);
  return [
    Math.floor((width - safeWidth) / 2),
    Math.floor((height - safeHeight) / 2),
    safeWidth,
    safeHeight,
  ];
}

/** Patches are stored no larger than this, px: the largest cell there can be, unless told. */
export function storeSide(recipe: Recipe): number {
  const [, , width, height] = safeArea(recipe);
  return recipe.patch.storeSide ?? Math.max(width, height);
}

/** Columns and rows of the grid that an image of k patches gets. */
export function gridOf({ layout }: Recipe, k: number): [columns: number, rows: number] {
  if (layout.type === 'rows') return k <= 2 ? [k, 1] : [Math.ceil(k / 2), 2];
  const side = layout.type === 'fixed-grid' ? layout.cells : Math.ceil(Math.sqrt(k));
  return [side, side];
}

/** Width and height of one grid cell, px; gaps and what does not divide stay blank. */
export function cellSize(recipe: Recipe, k: number): [width: number, height: number] {
  const [, , width, height] = safeArea(recipe);
  const [columns, rows] = gridOf(recipe, k);
  const { gap } = recipe.layout;
  return [
    Math.floor((width - (columns - 1) * gap) / columns),
    Math.floor((height - (rows - 1) * gap) / rows),
  ];
}

/**
 * Where a painted object lies: the cell of its image's grid that holds the centre of its box. In a
 * scatter, which has no cells, the third of the safe area's width and height: a cell of a 3 x 3 grid.
 *
 * @param k patches in the image
 * @param box of the object, px from the canvas's top left
 */
export function cellOf(recipe: Recipe, k: number, box: Rectangle): GridCell {
  const [left, top, width, height] = safeArea(recipe);
  const isScatter = recipe.layout.type === 'scatter';
  const [columns, rows] = isScatter ? [THIRDS, THIRDS] : gridOf(recipe, k);
  const { gap } = recipe.layout;
  const [cellWidth, cellHeight] = isScatter
    ? [width / THIRDS, height / THIRDS]
    : cellSize(recipe, k).map((side) => side + gap);
  const [x, y] = [box[0] + box[2] / 2 - left, box[1] + box[3] / 2 - top];
  return {
    columns,
    rows,
    column: Math.min(columns - 1, Math.max(0, Math.floor(x / cellWidth!))),
    row: Math.min(rows - 1, Math.max(0, Math.floor(y / cellHeight!))),
  };
}

/** Columns and rows that the places of a scatter are told apart by. */
const THIRDS = 3;

/** How a recipe's patches are resized, in the kernel's words. */
export function resamplingOf({
  kernel,
  pillow,
}: Recipe['patch']): Pick<Resizing, 'filter' | 'pillow'> {
  return { filter: kernel === 'lanczos3' ? 'lanczos' : kernel, pillow };
}
