import { describe, expect, it } from '@jest/globals';
import { sharingRules } from '../../src/generate/supply.js';
import { patchRow, wnidOf } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

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
