import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  chooseCells,
  coveredPart,
  placeInCell,
  placePatches,
  scatter,
} from '../../src/generate/place-patches.js';
import type { Size } from '../../src/image/box.js';
import { openStream } from '../../src/random.js';
import { canvasSize, cellSize, gridOf, safeArea } from '../../src/recipe/geometry.js';
import {
  distance,
  gridRecipes,
  isSafe,
  keepsAspect,
  liesIn,
  scatterRecipes,
  sharedPixels,
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

const cases = scatterRecipes.chain(({ recipe, k }) =>
  fc.record({ recipe: fc.constant(recipe), sizes: sizesOf(k), name: fc.string() }),
);

describe('scatter', () => {
  it('keeps every patch in the safe area and its aspect to a pixel', () => {
    fc.assert(
      fc.property(cases, ({ recipe, sizes, name }) => {
        const places = scatter(recipe, sizes, openStream(name)) ?? [];
        for (const [index, place] of places.entries()) {
          expect(isSafe(recipe, place)).toBe(true);
          expect(keepsAspect([place[2], place[3]], sizes[index]!)).toBe(true);
        }
      }),
    );
  });

  it('shows no patch longer than the largest scale', () => {
    fc.assert(
      fc.property(cases, ({ recipe, sizes, name }) => {
        const [, , width, height] = safeArea(recipe);
        const longest = Math.min(width, height) * recipe.layout.scale[1];
        for (const place of scatter(recipe, sizes, openStream(name)) ?? []) {
          expect(Math.max(place[2], place[3])).toBeLessThanOrEqual(longest);
        }
      }),
    );
  });

  it('lets no two patches overlap more than the recipe does, and keeps the gap', () => {
    fc.assert(
      fc.property(cases, ({ recipe, sizes, name }) => {
        const { gap, maxOverlap } = recipe.layout;
        const places = scatter(recipe, sizes, openStream(name)) ?? [];
        for (const [index, place] of places.entries()) {
          for (const other of places.slice(0, index)) {
            if (maxOverlap === 0) expect(distance(place, other)).toBeGreaterThanOrEqual(gap);
            const smaller = Math.min(place[2] * place[3], other[2] * other[3]);
            expect(sharedPixels(place, other)).toBeLessThanOrEqual(maxOverlap * smaller);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('uses scales from the least to the most and places all over the safe area', () => {
    const recipe = recipeWith({ layout: { type: 'scatter', scale: [0.25, 0.5] } });
    const places = Array.from({ length: 500 }, (_, index) => {
      const [place] = scatter(recipe, [[10, 10]], openStream(`image=${index}`))!;
      return place!;
    });
    const sides = places.map(([, , width]) => width);
    expect([Math.min(...sides), Math.max(...sides)]).toEqual([49, 97]); // 196 / 4, just under 98
    // the centres of 500 squares in [14, 210): their mean is within 5 px of the middle, 112
    const mean = (axis: 0 | 1): number =>
      places.reduce((sum, place) => sum + place[axis] + place[2] / 2, 0) / places.length;
    expect(Math.abs(mean(0) - 112)).toBeLessThan(5);
    expect(Math.abs(mean(1) - 112)).toBeLessThan(5);
  });

  it('makes patches smaller until they find a place', () => {
    // Four squares of half the side fit beside each other only just: chance alone finds no such place.
    const recipe = recipeWith({ layout: { type: 'scatter', scale: [0.5, 0.5] } });
    const squares: Size[] = Array.from({ length: 4 }, () => [10, 10]);
    const sides = Array.from({ length: 20 }, (_, index) =>
      scatter(recipe, squares, openStream(`${index}`)),
    ).flatMap((places) => (places ?? []).map(([, , width]) => width));
    expect(sides.filter((side) => side === 98).length).toBeGreaterThan(0);
    expect(sides.filter((side) => side < 98).length).toBeGreaterThan(0);
    expect(Math.min(...sides)).toBeGreaterThanOrEqual(8);
  });

  it('gives up where even the smallest patch finds no place', () => {
    const layout = { type: 'scatter' as const, gap: 150, scale: [1, 1] as [number, number] };
    const recipe = recipeWith({ layout, sampling: { counts: { 1: 1 } } });
    const squares: Size[] = Array.from({ length: 9 }, () => [10, 10]);
    expect(scatter(recipe, squares, openStream('any'))).toBeUndefined();
  });
});

describe('coveredPart', () => {
  it.each([
    ['apart', [0, 0, 10, 10], [20, 0, 10, 10], 0],
    ['side by side', [0, 0, 10, 10], [10, 0, 10, 10], 0],
    ['half over each other', [0, 0, 10, 10], [5, 0, 10, 10], 0.5],
    ['corner on corner', [0, 0, 10, 10], [5, 5, 10, 10], 0.25],
    ['the smaller inside the larger', [0, 0, 100, 100], [5, 5, 10, 10], 1],
    ['the smaller half outside', [0, 0, 100, 100], [95, 5, 10, 10], 0.5],
  ] as const)('of the smaller rectangle: %s', (_, a, b, expected) => {
    expect(coveredPart(a, b)).toBe(expected);
    expect(coveredPart(b, a)).toBe(expected);
  });
});
