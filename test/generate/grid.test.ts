import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseCells, placeInCell } from '../../src/generate/place-patches.js';
import { openStream } from '../../src/random.js';
import { cellSize, gridOf, safeArea } from '../../src/recipe/geometry.js';
import { gridRecipes } from '../support/unit-layouts.js';
import { recipeWith } from '../support/unit-recipes.js';

describe('chooseCells', () => {
  it('fills the safe area from its top left with equal cells, the gap between them', () => {
    // safe: 14 to 210; two cells and a gap of 6: (196 - 6) / 2 = 95; the second at 14 + 95 + 6
    const cells = chooseCells(recipeWith({ layout: { gap: 6 } }), 4, openStream('any'));
    expect([...cells].sort(([ax, ay], [bx, by]) => ay - by || ax - bx)).toEqual([
      [14, 14, 95, 95],
      [115, 14, 95, 95],
      [14, 115, 95, 95],
      [115, 115, 95, 95],
    ]);
  });

  it('chooses other cells for other streams, and the same for the same', () => {
    const recipe = recipeWith({ layout: { type: 'fixed-grid', cells: 3 } });
    const choices = Array.from({ length: 300 }, (_, i) =>
      chooseCells(recipe, 1, openStream(`${i}`)),
    );
    expect(new Set(choices.map((cells) => cells.join())).size).toBe(9);
    expect(chooseCells(recipe, 1, openStream('0'))).toEqual(choices[0]);
  });

  it('chooses k different cells of the grid, for any recipe', () => {
    fc.assert(
      fc.property(gridRecipes, fc.string(), ({ recipe, k }, name) => {
        const [left, top] = safeArea(recipe);
        const [width, height] = cellSize(recipe, k);
        const [columns, rows] = gridOf(recipe, k);
        const { gap } = recipe.layout;
        const cells = chooseCells(recipe, k, openStream(name));
        expect(cells).toHaveLength(k);
        expect(new Set(cells.map(String)).size).toBe(k);
        for (const [x, y, ...size] of cells) {
          expect(size).toEqual([width, height]);
          const [column, row] = [(x - left) / (width + gap), (y - top) / (height + gap)];
          expect(Number.isInteger(column) && column >= 0 && column < columns).toBe(true);
          expect(Number.isInteger(row) && row >= 0 && row < rows).toBe(true);
        }
      }),
    );
  });
});

describe('placeInCell', () => {
  it.each([
    [
      [100, 50],
      [10, 35, 100, 50],
    ], // as wide as the cell; (100 - 50) / 2 = 25 below its top
    [
      [50, 100],
      [35, 10, 50, 100],
    ],
    [
      [10, 10],
      [10, 10, 100, 100],
    ],
    [
      [400, 100],
      [10, 47, 100, 25],
    ], // (100 - 25) / 2 = 37.5 down to 37
    [
      [4000, 1],
      [10, 59, 100, 1],
    ], // at least one pixel high; (100 - 1) / 2 = 49.5 down to 49
  ] as const)('centres a patch of %j with its aspect kept, to contain', (patch, expected) => {
    expect(placeInCell([10, 10, 100, 100], patch, { fit: 'contain' })).toEqual(expected);
  });

  it.each(['cover', 'stretch'] as const)('gives the whole cell, to %s', (fit) => {
    expect(placeInCell([10, 20, 100, 90], [30, 10], { fit })).toEqual([10, 20, 100, 90]);
  });

  it.each([
    ['contain', 1, [45, 60, 30, 10]], // its own size, centred: (100 - 30) / 2, (110 - 10) / 2
    ['contain', 2, [30, 55, 60, 20]],
    ['contain', 9, [10, 48, 100, 33]], // the cell is the closer limit
    ['cover', 2, [30, 55, 60, 20]],
    ['stretch', 20, [10, 10, 100, 110]],
  ] as const)('enlarges a patch no more than it may: %s, %d times', (fit, maxUpscale, expected) => {
    expect(placeInCell([10, 10, 100, 110], [30, 10], { fit, maxUpscale })).toEqual(expected);
  });

  it('makes a patch as small as its cell whatever the limit', () => {
    const limits = { fit: 'contain', maxUpscale: 1 } as const;
    expect(placeInCell([0, 0, 50, 50], [100, 40], limits)).toEqual([0, 15, 50, 20]);
  });
});
