import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SamplingError } from '../../src/errors.js';
import type { DrawnImage } from '../../src/generate/draw-patches.js';
import { canFill, countHeld } from '../../src/generate/feasibility.js';
import type { PatchRow } from '../../src/generate/pool.js';
import { sharingRules } from '../../src/generate/supply.js';
import { thrownBy } from '../support/unit-errors.js';
import { poolOf, wnidOf } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';
import { draw, type Sampling, unevenPools, violations } from '../support/unit-sampling.js';

const APART = { replacement: 'per-dataset' } as const;

function drawApart(pool: readonly PatchRow[], sampling: Sampling, seed = 42): DrawnImage[] {
  return draw(pool, { ...sampling, ...APART }, seed);
}

/** Whether the pool can give what is asked for: what `feasibility` is tested to say. */
function isPossible(pool: readonly PatchRow[], sampling: Sampling): boolean {
  const recipe = recipeWith({ sampling });
  const { unitOf, units } = sharingRules(pool, recipe.sampling);
  const demand = Object.entries(recipe.sampling.counts).map(([k, n]) => [Number(k), n] as const);
  return canFill(demand, countHeld(unitOf, units));
}

/** The counts in an error's advice: "ask for at most 12 images". */
function adviceIn(error: unknown): number {
  const [, most] = /^ask for at most (\d+) images$/.exec((error as SamplingError).fix ?? '') ?? [];
  return Number(most);
}

const counts = fc
  .tuple(...[1, 2, 3, 4].map(() => fc.integer({ min: 0, max: 6 })))
  .filter((images) => images.some((count) => count > 0))
  .map((images) => Object.fromEntries(images.map((count, index) => [index + 1, count])));

describe('drawDataset with replacement per-dataset', () => {
  it('uses no patch twice at all, keeps the rules, and meets every demand that can be met', () => {
    const rules = fc.record({
      balance: fc.constantFrom('patches' as const, 'classes' as const),
      conflicts: fc.constantFrom<string[][]>([], [[wnidOf(0), wnidOf(1)]]),
      distinctClasses: fc.boolean(),
    });
    fc.assert(
      fc.property(unevenPools, counts, rules, fc.nat(), (pool, demand, sharing, seed) => {
        // Conflicts are part of what is checked before only where classes are distinct.
        const distinctClasses = sharing.distinctClasses || sharing.conflicts.length > 0;
        const sampling: Sampling = { ...sharing, distinctClasses, counts: demand };
        if (!isPossible(pool, sampling)) {
          expect(thrownBy(() => drawApart(pool, sampling, seed))).toMatchObject({
            code: 'sampling-impossible',
          });
          return;
        }
        const images = drawApart(pool, sampling, seed);
        const used = images.flatMap(({ patches }) => patches);
        expect(new Set(used).size).toBe(used.length);
        const recipe = recipeWith({ sampling });
        expect(images.flatMap((image) => violations(pool, recipe.sampling, image))).toEqual([]);
        const asked = Object.entries(demand).reduce((sum, [k, n]) => sum + Number(k) * n, 0);
        expect(used).toHaveLength(asked);
      }),
      { numRuns: 300 },
    );
  });

  it('meets a demand that leaves no patch over', () => {
    const images = drawApart(poolOf(4, 4, 4, 4, 4), { counts: { 5: 4 } });
    expect(images.flatMap(({ patches }) => patches).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, patch) => patch),
    );
  });

  it.each([42, 1, 2, 3, 4])('meets one at the limit of uneven classes, with seed %d', (seed) => {
    // Class 0 gives each of the 50 pairs one patch; the 50 other patches are all used.
    const pool = poolOf(50, ...Array.from({ length: 50 }, () => 1));
    const images = drawApart(pool, { counts: { 2: 50 } }, seed);
    for (const { patches } of images) expect(Math.min(...patches)).toBeLessThan(50);
    expect(new Set(images.flatMap(({ patches }) => patches)).size).toBe(100);
  });

  it('says the largest possible count, which then can be had, and one more cannot', () => {
    fc.assert(
      fc.property(unevenPools, fc.integer({ min: 1, max: 4 }), fc.nat(), (pool, k, seed) => {
        const asking = (images: number): unknown =>
          drawApart(pool, { counts: { [k]: images } }, seed);
        const error = thrownBy(() => asking(1000));
        if ((error as SamplingError).message.includes('too many patches')) return;
        expect(error).toMatchObject({
          code: 'sampling-impossible',
          place: `sampling.counts.${k}`,
        });
        const most = adviceIn(error);
        expect(asking(most)).toHaveLength(most);
        expect(adviceIn(thrownBy(() => asking(most + 1)))).toBe(most);
      }),
    );
  });

  it('says the largest possible count beside the smaller ones', () => {
    // 4 classes of 5: 20 patches. 6 images of one leave 14, evenly spread: 7 pairs.
    const pool = poolOf(5, 5, 5, 5);
    const error = thrownBy(() => drawApart(pool, { counts: { 1: 6, 2: 8, 3: 1 } }));
    expect(error).toMatchObject({
      place: 'sampling.counts.2',
      message: expect.stringContaining('the pool has patches for 7') as unknown,
    });
    expect(adviceIn(error)).toBe(7);
    expect(drawApart(pool, { counts: { 1: 6, 2: 7 } })).toHaveLength(13);
  });

  it('gives the same for the same seed, and another for another', () => {
    const pool = poolOf(9, 8, 7, 6, 5);
    const sampling: Sampling = { counts: { 2: 5, 3: 5 } };
    expect(drawApart(pool, sampling, 7)).toEqual(drawApart(pool, sampling, 7));
    expect(drawApart(pool, sampling, 8)).not.toEqual(drawApart(pool, sampling, 7));
  });

  it('draws freely while there is plenty: every patch in about as many datasets', () => {
    // 12 of 60 patches a dataset, 300 datasets: each patch in about 60
    const pool = poolOf(12, 12, 12, 12, 12);
    const uses = Array.from({ length: 60 }, () => 0);
    for (let seed = 0; seed < 300; seed += 1) {
      for (const { patches } of drawApart(pool, { counts: { 3: 4 } }, seed)) {
        for (const patch of patches) uses[patch]! += 1;
      }
    }
    // a patch's share has variance 300 · 0.2 · 0.8 = 48, 7 a standard deviation
    expect(Math.min(...uses)).toBeGreaterThan(60 - 4.5 * 7);
    expect(Math.max(...uses)).toBeLessThan(60 + 4.5 * 7);
  });
});
