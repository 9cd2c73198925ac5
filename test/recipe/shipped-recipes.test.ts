// The recipes in configs/.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cellSize } from '../../src/recipe/geometry.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { patchCounts } from '../../src/recipe/schema.js';

const FOLDER = 'configs/recipes';

describe('The recipes that come with patchml', () => {
  it.each(readdirSync(FOLDER))('%s can be read', async (file) => {
    await expect(loadRecipe(join(FOLDER, file))).resolves.toMatchObject({ version: '1.0.0' });
  });

  it('hold one for curves over k: paired, cells of one size, no patch enlarged', async () => {
    const recipe = await loadRecipe(join(FOLDER, 'controlled.yaml'));
    expect(patchCounts(recipe)).toEqual([1, 2, 3, 4, 5]);
    const cells = patchCounts(recipe).map((k) => cellSize(recipe, k));
    expect(cells).toEqual(Array.from({ length: 5 }, () => [65, 65])); // a third of 196 px
    expect(recipe).toMatchObject({ sampling: { paired: true }, patch: { maxUpscale: 1 } });
  });
});
