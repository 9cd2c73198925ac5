import { describe, expect, it } from '@jest/globals';
import { type EvaluationSet, firstImages, withoutImages } from '../../src/sets/evaluation-set.js';

const set: EvaluationSet = {
  name: 'three',
  kind: 'labelled-images',
  ids: ['a', 'b', 'c'],
  images: {
    path: '/x',
    fingerprint: 'f',
    places: ['a', 'b', 'c'].map((file) => ({ file, size: 1 })),
  },
  originals: [1, 2, 3],
  labels: [[1], [2, 5], [3]],
  rule: 'given',
  digest: '0'.repeat(64),
  leftOut: { 'not-listed': 4 },
};

describe('withoutImages', () => {
  it('leaves images out of every part, counts them, and is another set', () => {
    const kept = withoutImages(set, new Set(['b']), 'image-corrupt');
    expect(kept).toMatchObject({
      ids: ['a', 'c'],
      images: { places: [{ file: 'a' }, { file: 'c' }] },
      originals: [1, 3],
      labels: [[1], [3]],
      leftOut: { 'not-listed': 4, 'image-corrupt': 1 },
    });
    expect(kept.digest).not.toBe(set.digest);
  });

  it('is the set itself where nothing is left out', () => {
    expect(withoutImages(set, new Set(), 'image-corrupt')).toBe(set);
  });
});

describe('firstImages', () => {
  it('keeps the first, and counts the others', () => {
    expect(firstImages(set, 2)).toMatchObject({ ids: ['a', 'b'], leftOut: { 'beyond-limit': 1 } });
  });

  it('keeps all without a limit, or with a large one', () => {
    expect(firstImages(set, undefined)).toBe(set);
    expect(firstImages(set, 9)).toBe(set);
  });
});
