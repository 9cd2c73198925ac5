import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestOf, digestOfLists, sha256, sha256File } from '../../src/files/digest.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

// FIPS 180-2: the SHA-256 of "abc" and of nothing
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('sha256', () => {
  it('is that of the standard, for text and bytes', () => {
    expect(sha256('abc')).toBe(ABC);
    expect(sha256(Buffer.from('abc'))).toBe(ABC);
    expect(sha256('')).toBe(NOTHING);
  });
});

describe('sha256File', () => {
  it('is that of its bytes, however many there are', () => {
    const large = Buffer.alloc(3 << 20, 'patchml');
    const folder = writeTree({ abc: 'abc', large, empty: '' });
    expect(sha256File(join(folder, 'abc'))).toBe(ABC);
    expect(sha256File(join(folder, 'large'))).toBe(sha256(large));
    expect(sha256File(join(folder, 'empty'))).toBe(NOTHING);
  });

  it('fails where there is no file', () => {
    const path = join(temporaryFolder(), 'none');
    expect(() => sha256File(path)).toThrow(/no such file/);
  });
});

describe('digestOf', () => {
  it('is the SHA-256 of the canonical JSON: keys sorted, no spaces', () => {
    expect(digestOf({ b: [1, 'x'], a: null })).toBe(sha256('{"a":null,"b":[1,"x"]}'));
  });

  it('does not depend on the order of keys, at any depth', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(digestOf(reversed(value))).toBe(digestOf(value));
      }),
    );
  });

  it('depends on the order of lists', () => {
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  });

  it.each([undefined, NaN, Infinity])('refuses %p, which is no JSON', (value) => {
    expect(() => digestOf(value)).toThrow();
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

describe('digestOfLists', () => {
  it('is the digest of the same object, whatever its lists come from', () => {
    const fields = { rule: 'a "rule"', ids: ['b', 'ä'], labels: [[1, 2], []], none: [] };
    const streamed = { ...fields, ids: new Set(fields.ids), labels: fields.labels.values() };
    expect(digestOfLists(streamed)).toBe(digestOf(fields));
    expect(digestOfLists({})).toBe(digestOf({}));
  });

  it('is so of lists that are hashed in parts', () => {
    const ids = Array.from({ length: 50_000 }, (_, id) => `k2-${id}`);
    expect(digestOfLists({ rule: 'x', ids })).toBe(digestOf({ rule: 'x', ids }));
  });
});
