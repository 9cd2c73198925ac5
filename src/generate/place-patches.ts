import { fitInside, type Size } from '../image/box.js';
import { drawWithoutReplacement, type Stream } from '../random.js';
import { cellSize, gridOf, type Rectangle, safeArea } from '../recipe/geometry.js';
import { MIN_CELL_SIDE, type Recipe } from '../recipe/schema.js';

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
  return cells.map((cell, index) => placeInCell(cell, patches[index]!, recipe.patch));
}

/**
 * The cells of k patches, chosen at random from the grid's cells: equal cells that fill the
 * safe area from its top left, `layout.gap` apart.
 */
export function chooseCells(recipe: Recipe, k: number, stream: Stream): Rectangle[] {
  const [left, top] = safeArea(recipe);
  const [width, height] = cellSize(recipe, k);
  const [columns, rows] = gridOf(recipe, k);
  const { gap } = recipe.layout;
  return drawWithoutReplacement(stream, columns * rows, k).map((cell) => [
    left + (cell % columns) * (width + gap),
    top + Math.floor(cell / columns) * (height + gap),
    width,
    height,
  ]);
}

/**
 * Where a patch of this size lies in its cell: centred, for `contain` with its aspect kept, and with
 * each side at most `maxUpscale` times the patch's.
 */
export function placeInCell(
  [x, y, width, height]: Rectangle,
  patch: Size,
  { fit, maxUpscale }: Pick<Recipe['patch'], 'fit' | 'maxUpscale'>,
): Rectangle {
  const limit = withinUpscale(patch, [width, height], maxUpscale);
  const [fitted, fittedHeight] = fit === 'contain' ? fitInside(patch, limit) : limit;
  return [
    x + Math.floor((width - fitted) / 2),
    y + Math.floor((height - fittedHeight) / 2),
    fitted,
    fittedHeight,
  ];
}

/** The largest size that a patch may be painted in within these limits. */
function withinUpscale(patch: Size, limit: Size, maxUpscale = Infinity): Size {
  return [
    Math.min(limit[0], Math.floor(patch[0] * maxUpscale)),
    Math.min(limit[1], Math.floor(patch[1] * maxUpscale)),
  ];
}

/** Places tried for a patch before it is made smaller. */
const TRIES_A_SCALE = 50;
const SHRINK = 0.85;

/**
 * Random places and scales in the safe area. A patch that finds no place is tried smaller; when it
 * would become smaller than a cell may be, nothing is returned.
 */
export function scatter(
  recipe: Recipe,
  patches: readonly Size[],
  stream: Stream,
): Rectangle[] | undefined {
  const area = safeArea(recipe);
  const { scale, maxOverlap, gap } = recipe.layout;
  const side = Math.min(area[2], area[3]);
  const placed: Rectangle[] = [];
  for (const patch of patches) {
    let longer = side * (scale[0] + stream.real() * (scale[1] - scale[0]));
    let place: Rectangle | undefined;
    while (!place && longer >= MIN_CELL_SIDE) {
      const limit = [Math.floor(longer), Math.floor(longer)] as const;
      const size = fitInside(patch, withinUpscale(patch, limit, recipe.patch.maxUpscale));
      place = findPlace(area, size, placed, { maxOverlap, gap }, stream);
      longer *= SHRINK;
    }
    if (!place) return undefined;
    placed.push(place);
  }
  return placed;
}

interface Spacing {
  maxOverlap: number;
  gap: number;
}

function findPlace(
  [left, top, areaWidth, areaHeight]: Rectangle,
  [width, height]: Size,
  placed: readonly Rectangle[],
  spacing: Spacing,
  stream: Stream,
): Rectangle | undefined {
  for (let tries = 0; tries < TRIES_A_SCALE; tries += 1) {
    const place: Rectangle = [
      left + stream.int(areaWidth - width + 1),
      top + stream.int(areaHeight - height + 1),
      width,
      height,
    ];
    if (placed.every((other) => mayMeet(place, other, spacing))) return place;
  }
  return undefined;
}

function mayMeet(a: Rectangle, b: Rectangle, { maxOverlap, gap }: Spacing): boolean {
  if (maxOverlap > 0) return coveredPart(a, b) <= maxOverlap;
  return overlapLength(a, b, 0) <= -gap || overlapLength(a, b, 1) <= -gap;
}

/** The part of the smaller of two rectangles that the other covers, 0 to 1. */
export function coveredPart(a: Rectangle, b: Rectangle): number {
  const width = overlapLength(a, b, 0);
  const height = overlapLength(a, b, 1);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / Math.min(a[2] * a[3], b[2] * b[3]);
}

/** How far two rectangles overlap along an axis; negative: how far they are apart. */
function overlapLength(a: Rectangle, b: Rectangle, axis: 0 | 1): number {
  const size = axis === 0 ? 2 : 3;
  return Math.min(a[axis] + a[size], b[axis] + b[size]) - Math.max(a[axis], b[axis]);
}
