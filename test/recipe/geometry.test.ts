import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canvasSize,
  cellOf,
  cellSize,
  gridOf,
  safeArea,
  storeSide,
} from '../../src/recipe/geometry.js';
import { chooseCells, placeInCell } from '../../src/generate/place-patches.js';
import { openStream } from '../../src/random.js';
import { recipeWith } from '../support/unit-recipes.js';

describe('canvasSize', () => {
  it('is a square for one number', () => {
    expect(canvasSize(recipeWith({ canvas: { size: 300 } }))).toEqual([300, 300]);
  });

  it('is what it says for two', () => {
    expect(canvasSize(recipeWith({ canvas: { size: [320, 200] } }))).toEqual([320, 200]);
  });
});

describe('safeArea', () => {
  it.each([
    [224, 0.875, [14, 14, 196, 196]], // 224 · 0.875 = 196, (224 - 196) / 2 = 14
    [225, 0.875, [14, 14, 196, 196]], // 196.875 down to 196, 14.5 down to 14
    [[320, 200], 0.5, [80, 50, 160, 100]],
    [224, 1, [0, 0, 224, 224]],
  ] as const)('of a canvas of %j with %d of it safe is %j', (size, fraction, expected) => {
    const canvas = { size: typeof size === 'number' ? size : [...size], safeArea: fraction };
    expect(safeArea(recipeWith({ canvas: canvas as never }))).toEqual(expected);
  });

  it('lies inside the canvas and is centred to a pixel, for any canvas', () => {
    const side = fc.integer({ min: 32, max: 4096 });
    fc.assert(
      fc.property(side, side, fc.double({ min: 0.5, max: 1, noNaN: true }), (w, h, fraction) => {
        const counts = { 1: 1 };
        const canvas = { size: [w, h] as [number, number], safeArea: fraction };
        const [x, y, width, height] = safeArea(recipeWith({ canvas, sampling: { counts } }));
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect([0, 1]).toContain(w - width - 2 * x);
        expect([0, 1]).toContain(h - height - 2 * y);
      }),
    );
  });
});

describe('gridOf', () => {
  it.each([
    [1, 1],
    [2, 2],
    [4, 2],
    [5, 3],
    [9, 3],
    [10, 4],
    [100, 10],
  ])('of the smallest grid for %d patches is %d', (k, cells) => {
    expect(gridOf(recipeWith(), k)).toEqual([cells, cells]);
  });

  it('of a fixed grid does not depend on the number of patches', () => {
    const recipe = recipeWith({ layout: { type: 'fixed-grid', cells: 4 } });
    for (const k of [1, 5, 16]) expect(gridOf(recipe, k)).toEqual([4, 4]);
  });

  it.each([
    [1, [1, 1]],
    [2, [2, 1]],
    [3, [2, 2]],
    [4, [2, 2]],
    [5, [3, 2]],
    [9, [5, 2]],
  ])('of rows for %d patches is %j: one row up to two patches, else two', (k, grid) => {
    const recipe = recipeWith({ layout: { type: 'rows' } });
    expect(gridOf(recipe, k)).toEqual(grid);
    // the safe area of 224 px is 196 px a side
    expect(cellSize(recipe, k)).toEqual(grid.map((cells) => Math.floor(196 / cells)));
  });
});

describe('cellSize', () => {
  it.each([
    [4, 0, [98, 98]], // 196 / 2
    [4, 4, [96, 96]], // (196 - 4) / 2
    [5, 0, [65, 65]], // 196 / 3 = 65.3
    [5, 3, [63, 63]], // (196 - 2 · 3) / 3 = 63.3
    [1, 50, [196, 196]], // one cell has no gap
  ])('for %d patches and a gap of %d is %j', (k, gap, expected) => {
    expect(cellSize(recipeWith({ layout: { gap } }), k)).toEqual(expected);
  });

  it('is as wide as the canvas allows, each side for itself', () => {
    // safe: 280 x 175; 2 cells a side: 140 x 87.5
    expect(cellSize(recipeWith({ canvas: { size: [320, 200] } }), 4)).toEqual([140, 87]);
  });
});

describe('storeSide', () => {
  it("is the safe area's longer side, the largest cell there can be", () => {
    expect(storeSide(recipeWith())).toBe(196);
    expect(storeSide(recipeWith({ canvas: { size: [320, 200] } }))).toBe(280);
  });

  it('is what the recipe says where it says so', () => {
    expect(storeSide(recipeWith({ patch: { storeSide: 64 } }))).toBe(64);
  });
});

describe('cellOf', () => {
  it('is the cell that holds the centre of the box', () => {
    const recipe = recipeWith({ layout: { type: 'fixed-grid', cells: 3 } });
    // the safe area is 14 to 210, cells are 65 px: 14 to 79, 79 to 144, 144 to 209
    expect(cellOf(recipe, 2, [14, 14, 65, 65])).toEqual({ columns: 3, rows: 3, column: 0, row: 0 });
    expect(cellOf(recipe, 2, [90, 160, 40, 20])).toMatchObject({ column: 1, row: 2 });
    expect(cellOf(recipe, 2, [180, 79, 10, 65])).toMatchObject({ column: 2, row: 1 });
  });

  it('of a scatter is a third of the safe area each way', () => {
    const recipe = recipeWith({ layout: { type: 'scatter' } });
    // thirds of 196 px end at 14 + 65.3 and 14 + 130.7: centres at 79 and 80
    expect(cellOf(recipe, 2, [69, 70, 20, 20])).toEqual({ columns: 3, rows: 3, column: 0, row: 1 });
    expect(cellOf(recipe, 9, [190, 190, 20, 20])).toMatchObject({ column: 2, row: 2 });
  });

  it('finds the cell that any patch was placed in, in any grid', () => {
    const layout = fc.oneof(
      fc.constantFrom('grid' as const, 'rows' as const).map((type) => ({ type })),
      fc.integer({ min: 4, max: 6 }).map((cells) => ({ type: 'fixed-grid' as const, cells })),
    );
    const side = fc.integer({ min: 32, max: 400 });
    const gap = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(layout, gap, fc.integer({ min: 1, max: 16 }), side, side, (of, gap, k, w, h) => {
        const recipe = recipeWith({ layout: { ...of, gap } });
        const [columns, rows] = gridOf(recipe, k);
        const cells = chooseCells(recipe, k, openStream(`${w}/${h}`));
        const [left, top] = safeArea(recipe);
        const [width, height] = cellSize(recipe, k);
        for (const cell of cells) {
          const column = (cell[0] - left) / (width + gap);
          const row = (cell[1] - top) / (height + gap);
          const box = placeInCell(cell, [w, h], { fit: 'contain', maxUpscale: undefined });
          expect(cellOf(recipe, k, box)).toEqual({ columns, rows, column, row });
        }
      }),
      { numRuns: 50 },
    );
  });
});
