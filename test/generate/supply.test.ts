import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSupply, type Supply } from '../../src/generate/supply.js';
import { openStream } from '../../src/random.js';
import { poolOf } from '../support/unit-pools.js';

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
