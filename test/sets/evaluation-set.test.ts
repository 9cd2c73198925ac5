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

  it('takes of a PatchML set as many of each number of labels', () => {
    const labels = [2, 2, 2, 3, 3, 3, 5].map((k) => Array.from({ length: k }, (_, at) => at));
    const ids = labels.map(({ length }, at) => `k${length}/${at}`);
    const patchml = {
      ...set,
      kind: 'patchml',
      ids,
      labels,
      originals: undefined,
      images: undefined,
    } as const;
    const idsOf = (limit: number): readonly string[] => firstImages(patchml, limit).ids;
    expect(idsOf(3)).toEqual(['k2/0', 'k3/3', 'k5/6']);
    expect(idsOf(5)).toEqual(['k2/0', 'k2/1', 'k3/3', 'k3/4', 'k5/6']);
    expect(idsOf(6)).toEqual(['k2/0', 'k2/1', 'k2/2', 'k3/3', 'k3/4', 'k5/6']);
  });

  it('keeps all without a limit, or with a large one', () => {
    expect(firstImages(set, undefined)).toBe(set);
    expect(firstImages(set, 9)).toBe(set);
  });
});
