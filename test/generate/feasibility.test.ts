import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canFill,
  countHeld,
  type Demand,
  mostImages,
  requireFeasible,
} from '../../src/generate/feasibility.js';
import { sharingRules } from '../../src/generate/supply.js';
import { thrownBy } from '../support/unit-errors.js';
import { poolOf } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

const tried = new Map<string, boolean>();

/** Whether images can be filled, by trying every way: `stock[u]` patches of each unit u. */
function canFillByTrying(images: readonly number[], stock: readonly number[]): boolean {
  const [k, ...rest] = images;
  if (k === undefined) return true;
  const units = [...stock].sort((a, b) => a - b); // which unit is which does not matter
  const key = `${images.join()} from ${units.join()}`;
  const known = tried.get(key);
  if (known !== undefined) return known;
  const possible = choices(units, k).some((chosen) => {
    const left = units.map((held, unit) => held - (chosen.includes(unit) ? 1 : 0));
    return canFillByTrying(rest, left);
  });
  tried.set(key, possible);
  return possible;
}

/** Every choice of k units that still hold a patch. */
function choices(stock: readonly number[], k: number, from = 0): number[][] {
  if (k === 0) return [[]];
  return stock.flatMap((held, unit) =>
    unit < from || held === 0
      ? []
      : choices(stock, k - 1, unit + 1).map((others) => [unit, ...others]),
  );
}

function imagesOf(demand: Demand): number[] {
  return demand.flatMap(([k, images]) => Array.from({ length: images }, () => k));
}

function heldBy(stock: readonly number[]): number[] {
  return stock.reduce<number[]>(
    (held, size) => {
      held[size] = (held[size] ?? 0) + 1;
      return held;
    },
    Array.from({ length: Math.max(0, ...stock) + 1 }, () => 0),
  );
}

const stocks = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
const demands: fc.Arbitrary<Demand> = fc
  .tuple(...[1, 2, 3, 4].map((k) => fc.tuple(fc.constant(k), fc.integer({ min: 0, max: 2 }))))
  .map((demand) => demand.filter(([, images]) => images > 0));

describe('canFill', () => {
  it.each<[string, Demand, stock: number[], possible: boolean]>([
    ['nothing from nothing', [], [], true],
    ['one of one', [[1, 1]], [1], true],
    ['two of one unit: an image takes one', [[2, 1]], [5], false],
    ['three pairs of 3, 2 and 1', [[2, 3]], [3, 2, 1], true],
    ['three pairs of 4, 1 and 1: the first unit gives three at most', [[2, 3]], [4, 1, 1], false],
    ['two pairs of 4, 1 and 1', [[2, 2]], [4, 1, 1], true],
    [
      'a pair and a triple of 2, 2 and 1',
      [
        [2, 1],
        [3, 1],
      ],
      [2, 2, 1],
      true,
    ],
    ['all patches at once', [[3, 4]], [4, 4, 4], true],
    [
      'one more than all',
      [
        [1, 1],
        [3, 4],
      ],
      [4, 4, 4],
      false,
    ],
  ])('%s', (_, demand, stock, possible) => {
    expect(canFill(demand, heldBy(stock))).toBe(possible);
    expect(canFillByTrying(imagesOf(demand), stock)).toBe(possible);
  });

  it('says what trying every way says', () => {
    fc.assert(
      fc.property(stocks, demands, (stock, demand) => {
        expect(canFill(demand, heldBy(stock))).toBe(canFillByTrying(imagesOf(demand), stock));
      }),
      { numRuns: 1500 },
    );
  });

  it('does not depend on the order of the demand', () => {
    fc.assert(
      fc.property(stocks, demands, (stock, demand) => {
        expect(canFill([...demand].reverse(), heldBy(stock))).toBe(canFill(demand, heldBy(stock)));
      }),
    );
  });
});

describe('mostImages', () => {
  it.each([
    [2, [3, 2, 1], 3],
    [2, [4, 1, 1], 2],
    [3, [4, 1, 1], 1],
    [4, [4, 1, 1], 0],
    [1, [4, 1, 1], 6],
  ])('of %d patches from %j are %d', (k, stock, most) => {
    expect(mostImages(k, [], heldBy(stock))).toBe(most);
  });

  it('are possible beside the others, and one more is not', () => {
    fc.assert(
      fc.property(stocks, demands, fc.integer({ min: 1, max: 4 }), (stock, demand, k) => {
        const others = demand.filter(([other]) => other !== k);
        if (!canFillByTrying(imagesOf(others), stock)) return;
        const most = mostImages(k, others, heldBy(stock));
        const withMost = (images: number): number[] => imagesOf([...others, [k, images]]);
        expect(canFillByTrying(withMost(most), stock)).toBe(true);
        expect(canFillByTrying(withMost(most + 1), stock)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});

describe('countHeld', () => {
  it('counts units by how many patches each holds', () => {
    // unit 0 holds three patches, 1 and 3 one each, 2 none
    expect(countHeld(Int32Array.of(0, 1, 0, 3, 0), 4)).toEqual([1, 2, 0, 1]);
  });
});

const rules = sharingRules(poolOf(3, 2, 1), recipeWith().sampling);

function refusalOf(demand: Demand, replacement: 'per-image' | 'per-dataset'): unknown {
  return thrownBy(() => {
    requireFeasible(demand, rules, replacement);
  });
}

describe('requireFeasible', () => {
  it('lets any number of images pass where patches may be used again', () => {
    expect(() => {
      requireFeasible([[3, 1_000_000]], rules, 'per-image');
    }).not.toThrow();
  });

  it('lets exactly what the pool holds pass where they may not', () => {
    // 3, 2 and 1 patches: three pairs, or a triple, a pair and a single one
    for (const demand of [
      [[2, 3]],
      [
        [1, 1],
        [2, 1],
        [3, 1],
      ],
    ] as Demand[]) {
      expect(() => {
        requireFeasible(demand, rules, 'per-dataset');
      }).not.toThrow();
    }
  });

  it('names the first number of patches that is too large, and the largest there is', () => {
    expect(
      refusalOf(
        [
          [2, 1],
          [4, 1],
          [5, 1],
        ],
        'per-image',
      ),
    ).toMatchObject({
      name: 'SamplingError',
      code: 'sampling-impossible',
      place: 'sampling.counts.4',
      fix: 'ask for at most 3 patches',
    });
  });

  it('names the first count that is too large, and the largest there is', () => {
    expect(
      refusalOf(
        [
          [1, 2],
          [2, 3],
          [3, 9],
        ],
        'per-dataset',
      ),
    ).toMatchObject({
      name: 'SamplingError',
      code: 'sampling-impossible',
      place: 'sampling.counts.2',
      message: expect.stringContaining(
        'without repeating a patch, the pool is enough for 2',
      ) as unknown,
      fix: 'ask for at most 2 images',
    });
  });
});
