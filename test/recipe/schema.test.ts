import { describe, expect, it } from '@jest/globals';
import { patchCounts } from '../../src/recipe/schema.js';
import { recipeWith } from '../support/unit-recipes.js';

describe('patchCounts', () => {
  it('are numbers, ascending as numbers, without those that no image is asked for', () => {
    const recipe = recipeWith({ sampling: { counts: { 10: 1, 2: 3, 9: 1, 3: 0 } } });
    expect(patchCounts(recipe)).toEqual([2, 9, 10]);
  });
});
