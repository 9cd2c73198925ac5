import { describe, expect, it } from '@jest/globals';
import { openImageStream } from '../../src/generate/draw-patches.js';
import { recipeWith } from '../support/unit-recipes.js';

function firstOf(...args: Parameters<typeof openImageStream>): number {
  return openImageStream(...args).real();
}

describe('openImageStream', () => {
  it('is another for every seed, choice, k and number', () => {
    const numbers = [1, 2].flatMap((seed) =>
      (['plan', 'layout'] as const).flatMap((choice) =>
        [2, 3, 11].flatMap((k) =>
          [0, 1, 11].map((index) => firstOf(recipeWith({ seed }), choice, k, index)),
        ),
      ),
    );
    expect(new Set(numbers).size).toBe(2 * 2 * 3 * 3);
  });

  it('is the same whatever else the recipe says', () => {
    const other = recipeWith({ name: 'other', sampling: { counts: { 3: 1 } }, layout: { gap: 9 } });
    expect(firstOf(other, 'plan', 3, 0)).toBe(firstOf(recipeWith(), 'plan', 3, 0));
  });

  it('is one for all k of paired images, and another for every number', () => {
    const paired = recipeWith({ sampling: { paired: true } });
    expect(firstOf(paired, 'plan', 2, 7)).toBe(firstOf(paired, 'plan', 5, 7));
    expect(firstOf(paired, 'plan', 2, 7)).not.toBe(firstOf(paired, 'plan', 2, 8));
  });
});
