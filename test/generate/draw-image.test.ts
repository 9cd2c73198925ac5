import { describe, expect, it } from '@jest/globals';
import { drawImage } from '../../src/generate/draw-patches.js';
import type { PatchRow } from '../../src/generate/pool.js';
import { openSupply, sharingRules } from '../../src/generate/supply.js';
import { openStream } from '../../src/random.js';
import { patchRow, poolOf } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

/** Draws k patches from a pool for an image, which is named. */
type Draw = (k: number, name: string) => number[] | undefined;

function from(pool: readonly PatchRow[], balance: 'patches' | 'classes' = 'patches'): Draw {
  const rules = sharingRules(pool, recipeWith().sampling);
  const supply = openSupply(pool, balance);
  return (k, name) => drawImage(k, supply, rules, openStream(name));
}

describe('drawImage', () => {
  it('draws first patches that do not depend on how many follow', () => {
    const draw = from(poolOf(5, 5, 5, 5, 5));
    const five = draw(5, 'image')!;
    for (let k = 1; k < 5; k += 1) expect(draw(k, 'image')).toEqual(five.slice(0, k));
  });

  it.each(['patches', 'classes'] as const)(
    'finds the one patch that may join among many that may not, balanced by %s',
    (balance) => {
      const draw = from(poolOf(2000, 1), balance);
      for (let i = 0; i < 20; i += 1) expect(draw(2, `image=${i}`)).toContain(2000);
    },
  );

  it('draws evenly from those that may join, however few they are', () => {
    // Of 3,000 patches 4 may join the first: each is drawn in about 100 of 400 images.
    const draw = from(poolOf(3000, 4));
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 400; i += 1) {
      const joined = draw(2, `image=${i}`)!.find((patch) => patch >= 3000)!;
      counts[joined - 3000]! += 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
    expect(chiSquare).toBeLessThan(21.1); // 99.99% of 3 degrees of freedom
  });

  it('has none where no patch may join', () => {
    const draw = from([patchRow(0, 0, 'x'), patchRow(1, 1, 'x'), patchRow(2, 0, 'y')]);
    // 1 and 2 are the only pair: 0 shares its image with 1 and its class with 2
    const drawn = Array.from({ length: 50 }, (_, i) => draw(2, `image=${i}`));
    const found = new Set(drawn.map((patches) => patches?.sort((a, b) => a - b).join()));
    expect(found).toEqual(new Set(['1,2', undefined]));
  });
});
