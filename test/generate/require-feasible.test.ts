import { describe, expect, it } from '@jest/globals';
import { type Demand, requireFeasible } from '../../src/generate/feasibility.js';
import { sharingRules } from '../../src/generate/supply.js';
import { thrownBy } from '../support/unit-errors.js';
import { poolOf } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

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
      message: expect.stringContaining('the pool has patches for 2, none used twice') as unknown,
      fix: 'ask for at most 2 images',
    });
  });
});
