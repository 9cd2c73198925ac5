import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRecipe, portableRecipe, recipeDigest } from '../../src/recipe/load.js';
import { recipeWith } from '../support/unit-recipes.js';

describe('recipeDigest', () => {
  it('does not depend on the order of the fields', () => {
    const fields: [string, unknown][] = [
      ['name', 'test'],
      ['seed', 7],
      ['patch', { margin: 0.1, minSide: 40 }],
      ['canvas', { size: 256, background: 'noise' }],
      ['sampling', { counts: { 2: 5, 3: 6 }, paired: true }],
    ];
    const expected = recipeDigest(parseRecipe(Object.fromEntries(fields)));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(fields, { minLength: fields.length }),
        fc.boolean(),
        (order, reverse) => {
          const input = order.map(([name, value]) => [name, reverse ? reversed(value) : value]);
          expect(recipeDigest(parseRecipe(Object.fromEntries(input)))).toBe(expected);
        },
      ),
    );
  });

  it('is the same whether a default is written out or left out', () => {
    const written = recipeWith({ seed: 42, patch: { minSide: 32 }, encode: { format: 'png' } });
    expect(recipeDigest(written)).toBe(recipeDigest(recipeWith()));
  });

  it('does not depend on where the inputs lie', () => {
    const here = recipeWith({ source: { annotations: '/a', images: '/b' } });
    const there = recipeWith({ source: { annotations: 'C:\\a.tgz' } });
    expect(recipeDigest(here)).toBe(recipeDigest(there));
    expect(recipeDigest(here)).toBe(recipeDigest(recipeWith()));
  });

  it.each([
    { name: 'other' },
    { version: '1.0.1' },
    { seed: 43 },
    { source: { split: 'train' } },
    { source: { limit: 5 } },
    { source: { allow: { synsets: ['n01440764'] } } },
    { source: { block: { images: ['a'] } } },
    { patch: { minSide: 33 } },
    { patch: { storeSide: 196 } },
    { canvas: { background: 'black' as const } },
    { canvas: { size: [224, 225] as [number, number] } },
    { layout: { gap: 1 } },
    { layout: { scale: [0.3, 0.61] as [number, number] } },
    { sampling: { counts: { 2: 2500, 3: 2500, 4: 2500, 5: 2501 } } },
    { sampling: { conflicts: [['n01440764', 'n01443537']] } },
    { encode: { quality: 94 } },
  ])('changes with %j', (fields) => {
    expect(recipeDigest(recipeWith(fields))).not.toBe(recipeDigest(recipeWith()));
  });

  it('is a SHA-256', () => {
    expect(recipeDigest(recipeWith())).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('portableRecipe', () => {
  it('says nothing of this machine and all the rest', () => {
    const source = { annotations: '/home/me/a', images: '/home/me/b', limit: 3, split: 'train' };
    const portable = portableRecipe(recipeWith({ source }));
    expect(JSON.stringify(portable)).not.toContain('/home');
    expect(portable).toEqual(recipeWith({ source: { limit: 3, split: 'train' } }));
  });

  it('is a recipe that reads back to itself', () => {
    const portable = portableRecipe(recipeWith({ source: { images: 'b' }, seed: 'words' }));
    expect(parseRecipe(portable)).toEqual(portable);
  });
});

/** A mapping with its fields the other way round. */
function reversed(value: unknown): unknown {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).reverse())
    : value;
}
