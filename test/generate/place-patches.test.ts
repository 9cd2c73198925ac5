import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseCells, placePatches } from '../../src/generate/place-patches.js';
import type { Size } from '../../src/image/box.js';
import { openStream } from '../../src/random.js';
import { canvasSize } from '../../src/recipe/geometry.js';
import {
  distance,
  gridRecipes,
  isSafe,
  keepsAspect,
  liesIn,
  scatterRecipes,
  sizesOf,
} from '../support/unit-layouts.js';
import { recipeWith } from '../support/unit-recipes.js';

const withSizes = fc
  .oneof(gridRecipes, scatterRecipes)
  .chain(({ recipe, k }) =>
    fc.record({ recipe: fc.constant(recipe), sizes: sizesOf(k), name: fc.string() }),
  );

describe('placePatches', () => {
  it('puts every patch on the canvas and in its safe area, in any layout', () => {
    fc.assert(
      fc.property(withSizes, ({ recipe, sizes, name }) => {
        const places = placePatches(recipe, sizes, openStream(name));
        expect(places).toHaveLength(sizes.length);
        const [width, height] = canvasSize(recipe);
        for (const place of places) {
          expect(isSafe(recipe, place)).toBe(true);
          expect(liesIn(place, [0, 0, width, height])).toBe(true);
        }
      }),
    );
  });

  it('lets no two patches come closer than the gap, where no overlap is allowed', () => {
    fc.assert(
      fc.property(withSizes, ({ recipe, sizes, name }) => {
        if (recipe.layout.maxOverlap > 0) return;
        const places = placePatches(recipe, sizes, openStream(name));
        for (const [index, place] of places.entries()) {
          for (const other of places.slice(0, index)) {
            expect(distance(place, other)).toBeGreaterThanOrEqual(recipe.layout.gap);
          }
        }
      }),
    );
  });

  it('keeps every patch of a grid in its own cell, and fills the cell as the recipe says', () => {
    const cases = gridRecipes.chain(({ recipe, k }) =>
      fc.record({ recipe: fc.constant(recipe), sizes: sizesOf(k), name: fc.string() }),
    );
    fc.assert(
      fc.property(cases, ({ recipe, sizes, name }) => {
        const cells = chooseCells(recipe, sizes.length, openStream(name));
        const places = placePatches(recipe, sizes, openStream(name));
        for (const [index, place] of places.entries()) {
          const cell = cells[index]!;
          expect(liesIn(place, cell)).toBe(true);
          const [, , width, height] = place;
          if (recipe.patch.fit === 'contain') {
            expect(keepsAspect([width, height], sizes[index]!)).toBe(true);
            expect(width === cell[2] || height === cell[3]).toBe(true);
          } else expect(place).toEqual(cell);
        }
      }),
    );
  });

  it('is the same for the same stream', () => {
    fc.assert(
      fc.property(withSizes, ({ recipe, sizes, name }) => {
        expect(placePatches(recipe, sizes, openStream(name))).toEqual(
          placePatches(recipe, sizes, openStream(name)),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same cell to the first patches of a fixed grid whatever their number', () => {
    const recipe = recipeWith({ layout: { type: 'fixed-grid', cells: 3 } });
    const sizes: Size[] = Array.from({ length: 9 }, () => [40, 40]);
    const all = placePatches(recipe, sizes, openStream('image'));
    for (let k = 1; k < 9; k += 1) {
      expect(placePatches(recipe, sizes.slice(0, k), openStream('image'))).toEqual(all.slice(0, k));
    }
  });

  it('falls back on a grid where a scatter does not come off', () => {
    const layout = { type: 'scatter' as const, gap: 20, scale: [1, 1] as [number, number] };
    const recipe = recipeWith({ layout, sampling: { counts: { 16: 1 } } });
    const sizes: Size[] = Array.from({ length: 16 }, () => [10, 10]);
    const places = placePatches(recipe, sizes, openStream('any'));
    // 4 cells and 3 gaps in 196 px: (196 - 60) / 4 = 34
    expect(places.map(([, , width, height]) => [width, height])).toEqual(sizes.map(() => [34, 34]));
  });
});
