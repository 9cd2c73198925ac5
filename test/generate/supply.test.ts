import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSupply, sharingRules, type Supply } from '../../src/generate/supply.js';
import { openStream } from '../../src/random.js';
import { patchRow, poolOf, wnidOf } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

function left(supply: Supply): number[] {
  return supply
    .groups()
    .flat()
    .sort((a, b) => a - b);
}

describe.each(['patches', 'classes'] as const)('a supply balanced by %s', (balance) => {
  it('draws nothing where there is nothing', () => {
    expect(openSupply([], balance).draw(openStream('any'))).toBeUndefined();
  });

  it('does not take what it draws', () => {
    const supply = openSupply(poolOf(2, 3), balance);
    for (let i = 0; i < 20; i += 1) supply.draw(openStream(`${i}`));
    expect(left(supply)).toEqual([0, 1, 2, 3, 4]);
  });

  it('never draws again what is taken, in any order, and draws all that is left', () => {
    const orders = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8], { minLength: 9 });
    fc.assert(
      fc.property(orders, fc.string(), (order, name) => {
        const supply = openSupply(poolOf(2, 4, 3), balance);
        const stream = openStream(name);
        for (const [taken, patch] of order.entries()) {
          supply.take(patch);
          const remaining = order.slice(taken + 1).sort((a, b) => a - b);
          expect(left(supply)).toEqual(remaining);
          const drawn = supply.draw(stream);
          if (remaining.length === 0) expect(drawn).toBeUndefined();
          else expect(remaining).toContain(drawn);
        }
      }),
      { numRuns: 50 },
    );
  });
});

const [A, B, C] = [0, 1, 2] as const;

/** Two patches of A in one image, one of A alone, B in the first image, C alone. */
const pool = [
  patchRow(0, A, 'x'),
  patchRow(1, A, 'x'),
  patchRow(2, A, 'y'),
  patchRow(3, B, 'x'),
  patchRow(4, C, 'z'),
];

function pairsThatShare(sampling: {
  distinctClasses?: boolean;
  distinctSources?: boolean;
  conflicts?: string[][];
}): string[] {
  const rules = sharingRules(pool, recipeWith({ sampling }).sampling);
  const pairs: string[] = [];
  for (let a = 0; a < pool.length; a += 1) {
    for (let b = a; b < pool.length; b += 1) {
      expect(rules.mayJoin(a, [b])).toBe(rules.mayJoin(b, [a]));
      if (rules.mayJoin(a, [b])) pairs.push(`${a}${b}`);
    }
  }
  return pairs;
}

describe('sharingRules', () => {
  it('let no patch join itself, whatever the recipe', () => {
    const all = ['01', '02', '03', '04', '12', '13', '14', '23', '24', '34'];
    expect(pairsThatShare({ distinctClasses: false, distinctSources: false })).toEqual(all);
  });

  it('keep patches of one class apart', () => {
    expect(pairsThatShare({ distinctSources: false })).toEqual([
      '03',
      '04',
      '13',
      '14',
      '23',
      '24',
      '34',
    ]);
  });

  it('keep patches of one source apart', () => {
    expect(pairsThatShare({ distinctClasses: false })).toEqual([
      '02',
      '04',
      '12',
      '14',
      '23',
      '24',
      '34',
    ]);
  });

  it('keep both apart by default', () => {
    expect(pairsThatShare({})).toEqual(['04', '14', '23', '24', '34']);
  });

  it('keep classes that conflict apart, and not patches of one of them', () => {
    const conflicts = [[wnidOf(A), wnidOf(C)]];
    expect(pairsThatShare({ conflicts })).toEqual(['23', '34']);
    expect(pairsThatShare({ conflicts, distinctClasses: false, distinctSources: false })).toEqual([
      '01',
      '02',
      '03',
      '12',
      '13',
      '23',
      '34',
    ]);
  });

  it('hold for every patch already chosen', () => {
    const rules = sharingRules(pool, recipeWith().sampling);
    expect(rules.mayJoin(4, [])).toBe(true);
    expect(rules.mayJoin(4, [2, 3])).toBe(true);
    expect(rules.mayJoin(1, [4, 3])).toBe(false);
  });

  it.each([
    [{}, [0, 0, 0, 1, 2], 3],
    [{ conflicts: [[wnidOf(B), wnidOf(C)]] }, [0, 0, 0, 1, 1], 2],
    [{ distinctClasses: false }, [0, 0, 1, 0, 2], 3],
    [{ distinctClasses: false, distinctSources: false }, [0, 1, 2, 3, 4], 5],
  ])('count with %j units of which an image holds one each', (sampling, unitOf, units) => {
    const rules = sharingRules(pool, recipeWith({ sampling }).sampling);
    expect([...rules.unitOf]).toEqual(unitOf);
    expect(rules.units).toBe(units);
  });
});
