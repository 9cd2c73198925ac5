import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coveredPart, scatter } from '../../src/generate/place-patches.js';
import type { Size } from '../../src/image/box.js';
import { openStream } from '../../src/random.js';
import { safeArea } from '../../src/recipe/geometry.js';
import {
  distance,
  isSafe,
  keepsAspect,
  scatterRecipes,
  sharedPixels,
  sizesOf,
} from '../support/unit-layouts.js';
import { recipeWith } from '../support/unit-recipes.js';

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
