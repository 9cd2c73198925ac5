import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SamplingError } from '../../src/errors.js';
import { drawDataset, type DrawnImage } from '../../src/generate/draw-patches.js';
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
