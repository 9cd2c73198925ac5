import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { byteOrder } from '../../src/files/listing.js';

describe('byteOrder', () => {
  it('puts capitals before small letters and accents last, whatever the locale', () => {
    expect(['b', 'a', 'é', 'B', 'a/b', 'a-b', '10', '9'].sort(byteOrder)).toEqual([
      '10',
      '9',
      'B',
      'a',
      'a-b',
      'a/b',
      'b',
      'é',
    ]);
  });

  it('is the order of the bytes, for the characters that ids are made of', () => {
    const id = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '9', '_', '.', '-') });
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(byteOrder(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});
