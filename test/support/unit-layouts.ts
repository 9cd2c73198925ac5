import fc from 'fast-check';
import type { Size } from '../../src/image/box.js';
import { type Rectangle, safeArea } from '../../src/recipe/geometry.js';
import { parseRecipe } from '../../src/recipe/load.js';
import type { Recipe } from '../../src/recipe/schema.js';

/** A recipe and a number of patches that it takes. */
export interface LayoutCase {
  recipe: Recipe;
  k: number;
}

const side = fc.integer({ min: 64, max: 500 });

const canvases = fc.record({
  size: fc.oneof(side, fc.tuple(side, side)),
  safeArea: fc.double({ min: 0.4, max: 1, noNaN: true }),
});

const fits = fc.constantFrom('contain', 'cover', 'stretch');

/** Recipes whose layout is a grid or a fixed grid, and a number of patches for each. */
export const gridRecipes: fc.Arbitrary<LayoutCase> = recipesOf(
  fc.record({
    type: fc.constantFrom('grid', 'fixed-grid'),
    gap: fc.integer({ min: 0, max: 12 }),
    cells: fc.integer({ min: 1, max: 5 }),
  }),
);

const scales = fc
  .tuple(fc.integer({ min: 35, max: 100 }), fc.integer({ min: 35, max: 100 }))
  .map(([a, b]) => [Math.min(a, b) / 100, Math.max(a, b) / 100] as const);

/** Recipes whose layout is a scatter: with a gap or with an overlap. */
export const scatterRecipes: fc.Arbitrary<LayoutCase> = recipesOf(
  fc.oneof(
    fc.record({
      type: fc.constant('scatter'),
      gap: fc.integer({ min: 0, max: 12 }),
      scale: scales,
    }),
    fc.record({
      type: fc.constant('scatter'),
      maxOverlap: fc.double({ min: 0.01, max: 1, noNaN: true }),
      scale: scales,
    }),
  ),
);

/** Sizes of so many patches, from slivers to squares. */
export function sizesOf(k: number): fc.Arbitrary<Size[]> {
  const length = fc.integer({ min: 1, max: 400 });
  return fc.array(fc.tuple(length, length), { minLength: k, maxLength: k });
}

/** Whether one rectangle lies in the other. */
export function liesIn(inner: Rectangle, outer: Rectangle): boolean {
  return [0, 1].every(
    (axis) =>
      inner[axis]! >= outer[axis]! &&
      inner[axis + 2]! > 0 &&
      inner[axis]! + inner[axis + 2]! <= outer[axis]! + outer[axis + 2]!,
  );
}

/** Whether a place is whole pixels in the safe area. */
export function isSafe(recipe: Recipe, place: Rectangle): boolean {
  return place.every(Number.isInteger) && liesIn(place, safeArea(recipe));
}

/** Whether a shown size has a patch's aspect, to a pixel of either side. */
export function keepsAspect([width, height]: Size, patch: Size): boolean {
  const ofWidth = (width * patch[1]) / patch[0];
  const ofHeight = (height * patch[0]) / patch[1];
  return (
    Math.abs(height - Math.max(1, ofWidth)) <= 1 || Math.abs(width - Math.max(1, ofHeight)) <= 1
  );
}

/** The pixels between two rectangles along the axis where they are farther apart. */
export function distance(a: Rectangle, b: Rectangle): number {
  const along = ([0, 1] as const).map((axis) => {
    const [first, second] = a[axis] <= b[axis] ? [a, b] : [b, a];
    return second[axis] - (first[axis] + first[axis + 2]!);
  });
  return Math.max(...along);
}

/** The pixels that two rectangles share. */
export function sharedPixels(a: Rectangle, b: Rectangle): number {
  let shared = 0;
  for (let x = a[0]; x < a[0] + a[2]; x += 1) {
    for (let y = a[1]; y < a[1] + a[3]; y += 1) {
      if (x >= b[0] && x < b[0] + b[2] && y >= b[1] && y < b[1] + b[3]) shared += 1;
    }
  }
  return shared;
}

function recipesOf(layouts: fc.Arbitrary<object>): fc.Arbitrary<LayoutCase> {
  return fc
    .tuple(canvases, layouts, fits, fc.integer({ min: 1, max: 16 }))
    .map(([canvas, layout, fit, k]) => {
      const fields = { name: 'test', canvas, layout, patch: { fit } };
      return { k, recipe: tryParse({ ...fields, sampling: { counts: { [k]: 1 } } }) };
    })
    .filter((given): given is LayoutCase => given.recipe !== undefined);
}

function tryParse(fields: unknown): Recipe | undefined {
  try {
    return parseRecipe(fields);
  } catch {
    return undefined; // it asks for cells that are too small, or more than there are
  }
}
