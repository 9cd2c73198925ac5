import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SamplingError } from '../../src/errors.js';
import {
  drawDataset,
  drawImage,
  type DrawnImage,
  openImageStream,
} from '../../src/generate/draw-patches.js';
import { canFill, countHeld } from '../../src/generate/feasibility.js';
import type { PatchRow } from '../../src/generate/pool.js';
import { openSupply, sharingRules } from '../../src/generate/supply.js';
import { openStream } from '../../src/random.js';
import { thrownBy } from '../support/unit-errors.js';
import { patchRow, poolOf, wnidOf } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';
import {
  draw,
  type Sampling,
  sharing,
  tangledPools,
  unevenPools,
  violations,
} from '../support/unit-sampling.js';

const pool = poolOf(6, 5, 4, 3, 2, 1);

function patchesOf(images: readonly DrawnImage[], k: number): (readonly number[])[] {
  return images.filter((image) => image.k === k).map(({ patches }) => patches);
}

/** How often each class of a pool is drawn. */
function classCounts(images: readonly DrawnImage[], classes: number): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const { patches } of images) for (const patch of patches) counts[pool[patch]!.class]! += 1;
  return counts;
}

describe('drawDataset', () => {
  it('gives the images asked for: k ascending, then number ascending', () => {
    const images = draw(pool, { counts: { 3: 1, 2: 2, 10: 0 } });
    expect(images.map(({ k, index }) => [k, index])).toEqual([
      [2, 0],
      [2, 1],
      [3, 0],
    ]);
  });

  it('gives the same for the same seed, and another for another', () => {
    const sampling: Sampling = { counts: { 2: 50, 4: 50 } };
    expect(draw(pool, sampling, 7)).toEqual(draw(pool, sampling, 7));
    expect(draw(pool, sampling, 8)).not.toEqual(draw(pool, sampling, 7));
  });

  it('draws numbers of the stream of each image until k patches may share it', () => {
    const images = draw(pool, { counts: { 2: 30, 4: 30 } });
    for (const { k, index, patches } of images) {
      const stream = openStream(`42/plan/k=${k}/image=${index}`);
      const expected: number[] = [];
      while (expected.length < k) {
        const patch = Math.floor(21 * stream.real());
        const classes = expected.map((other) => pool[other]!.class);
        if (!classes.includes(pool[patch]!.class)) expected.push(patch);
      }
      expect(patches).toEqual(expected);
    }
  });

  it.each<Sampling>([{}, { balance: 'classes' }, { paired: true }, { distinctClasses: false }])(
    'gives a prefix of a larger dataset, with %j',
    (sampling) => {
      const small = draw(pool, { ...sampling, counts: { 2: 10, 3: 5 } });
      const large = draw(pool, { ...sampling, counts: { 2: 40, 3: 30 } });
      expect(patchesOf(large, 2).slice(0, 10)).toEqual(patchesOf(small, 2));
      expect(patchesOf(large, 3).slice(0, 5)).toEqual(patchesOf(small, 3));
    },
  );

  it.each<Sampling>([{}, { balance: 'classes' }, { paired: true }])(
    'leaves the other images as they were when a number of patches is added, with %j',
    (sampling) => {
      const before = draw(pool, { ...sampling, counts: { 2: 20, 4: 20 } });
      const after = draw(pool, { ...sampling, counts: { 1: 5, 2: 20, 3: 9, 4: 20, 5: 3 } });
      expect(after.filter(({ k }) => k === 2 || k === 4)).toEqual(before);
    },
  );

  it('keeps every rule of the recipe in every image, or says that it cannot', () => {
    const pools = fc.oneof(unevenPools, tangledPools);
    const k = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(pools, sharing, k, fc.nat(), (patches, rules, count, seed) => {
        const recipe = recipeWith({ seed, sampling: { ...rules, counts: { [count]: 5 } } });
        const images: DrawnImage[] = [];
        try {
          images.push(...drawDataset(recipe, patches));
          expect(images).toHaveLength(5);
        } catch (error) {
          expect(error).toBeInstanceOf(SamplingError);
        }
        for (const image of images) {
          expect(violations(patches, recipe.sampling, image)).toEqual([]);
        }
      }),
    );
  });

  it('draws every patch evenly, balanced by patches', () => {
    // 21 patches, 2,100 images of one: each about 100 times
    const images = draw(pool, { counts: { 1: 2100 } });
    const counts = Array.from({ length: 21 }, () => 0);
    for (const { patches } of images) counts[patches[0]!]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
    expect(chiSquare).toBeLessThan(52.4); // 99.99% of 20 degrees of freedom
  });

  it('draws every class evenly, and in it every patch, balanced by classes', () => {
    // 6 classes, 1,200 images of one: each about 200 times; class 0 has 6 patches
    const images = draw(pool, { counts: { 1: 1200 }, balance: 'classes' });
    const classes = classCounts(images, 6);
    const chiSquare = classes.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    expect(chiSquare).toBeLessThan(25.8); // 99.99% of 5
    const inFirst = [0, 1, 2, 3, 4, 5].map(
      (patch) => images.filter(({ patches }) => patches[0] === patch).length,
    );
    const expected = classes[0]! / 6;
    const within = inFirst.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(within).toBeLessThan(25.8);
  });

  it('gives classes their share of the patches, balanced by patches', () => {
    // of 2,100 images of one: 600, 500, 400, 300, 200, 100
    const counts = classCounts(draw(pool, { counts: { 1: 2100 } }), 6);
    const chiSquare = counts.reduce((sum, count, index) => {
      const expected = 600 - 100 * index;
      return sum + (count - expected) ** 2 / expected;
    }, 0);
    expect(chiSquare).toBeLessThan(25.8); // 99.99% of 5
  });
});

describe('drawDataset with pairs', () => {
  it('gives image n of k + 1 the patches of image n of k, and one more behind them', () => {
    const images = draw(pool, { counts: { 1: 20, 2: 20, 3: 20, 5: 20 }, paired: true });
    for (const [smaller, larger] of [
      [1, 2],
      [2, 3],
      [3, 5],
    ] as const) {
      const [few, many] = [patchesOf(images, smaller), patchesOf(images, larger)];
      for (let index = 0; index < 20; index += 1) {
        expect(many[index]!.slice(0, smaller)).toEqual(few[index]);
      }
    }
  });

  it('does so, or says that it cannot, where some first patches lead nowhere', () => {
    fc.assert(
      fc.property(tangledPools, fc.nat(), (patches, seed) => {
        let images: DrawnImage[];
        try {
          images = draw(patches, { counts: { 1: 5, 2: 5, 3: 5 }, paired: true }, seed);
        } catch (error) {
          expect(error).toBeInstanceOf(SamplingError);
          return;
        }
        for (const k of [1, 2]) {
          const [few, many] = [patchesOf(images, k), patchesOf(images, k + 1)];
          for (let index = 0; index < 5; index += 1) {
            expect(many[index]!.slice(0, k)).toEqual(few[index]);
          }
        }
      }),
    );
  });
});

describe('drawDataset of what the pool cannot give', () => {
  it('says before the first image that an image would need more classes than there are', () => {
    const images = drawDataset(recipeWith({ sampling: { counts: { 2: 5, 7: 1 } } }), pool);
    expect(thrownBy(() => images.next())).toMatchObject({
      name: 'SamplingError',
      code: 'sampling-impossible',
      place: 'sampling.counts.7',
      fix: 'ask for at most 6 patches',
    });
  });

  it('counts a group of conflicting classes as one', () => {
    const conflicts = [[wnidOf(0), wnidOf(1), wnidOf(2)]];
    expect(draw(pool, { counts: { 4: 1 }, conflicts })).toHaveLength(1);
    expect(thrownBy(() => draw(pool, { counts: { 5: 1 }, conflicts }))).toMatchObject({
      code: 'sampling-impossible',
      fix: 'ask for at most 4 patches',
    });
  });

  it('says so of an empty pool', () => {
    expect(thrownBy(() => draw([], { counts: { 1: 1 } }))).toMatchObject({
      code: 'sampling-impossible',
      place: 'sampling.counts.1',
    });
  });

  it('says which image has no patches where sources that hold several classes are too few', () => {
    const tangled = [0, 1, 2].map((classIndex) => patchRow(classIndex, classIndex, 'only'));
    expect(thrownBy(() => draw(tangled, { counts: { 2: 1 } }))).toMatchObject({
      name: 'SamplingError',
      code: 'sampling-dead-end',
      place: 'sampling.counts.2',
      fix: expect.stringContaining('distinctSources') as unknown,
    });
  });
});

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
      message: expect.stringContaining('the pool is enough for 7') as unknown,
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
