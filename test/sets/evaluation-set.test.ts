import { describe, expect, it } from '@jest/globals';
import { type EvaluationSet, limitImages, withoutImages } from '../../src/sets/evaluation-set.js';

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

  it('leaves their objects out too', () => {
    const images = ['a', 'b', 'c'].map((patch, number) => ({
      number,
      objects: [{ category: 1, patch, side: 9, cell: { columns: 1, rows: 1, column: 0, row: 0 } }],
    }));
    const painted = { layout: 'grid' as const, images };
    const { painted: kept } = withoutImages({ ...set, painted }, new Set(['b']), 'image-corrupt');
    expect(kept).toEqual({ layout: 'grid', images: [images[0], images[2]] });
  });

  it('is the set itself where nothing is left out', () => {
    expect(withoutImages(set, new Set(), 'image-corrupt')).toBe(set);
  });
});

describe('limitImages', () => {
  it('keeps the first, and counts the others', () => {
    expect(limitImages(set, 2)).toMatchObject({ ids: ['a', 'b'], leftOut: { 'beyond-limit': 1 } });
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
    const idsOf = (limit: number): readonly string[] => limitImages(patchml, limit).ids;
    expect(idsOf(3)).toEqual(['k2/0', 'k3/3', 'k5/6']);
    expect(idsOf(5)).toEqual(['k2/0', 'k2/1', 'k3/3', 'k3/4', 'k5/6']);
    expect(idsOf(6)).toEqual(['k2/0', 'k2/1', 'k2/2', 'k3/3', 'k3/4', 'k5/6']);
  });

  it('spreads over the classes of sorted images, however few', () => {
    const labels = Array.from({ length: 30 }, (_, image) => [Math.floor(image / 3)]); // 10 classes
    const ids = labels.map(([label], image) => `${label}/${image}`);
    const originals = labels.map(([label]) => label!);
    const sorted = {
      ...set,
      kind: 'imagenet-v2',
      ids,
      labels,
      originals,
      images: undefined,
    } as const;
    const idsOf = (limit: number): readonly string[] => limitImages(sorted, limit).ids;
    expect(idsOf(4)).toEqual(['0/0', '2/6', '5/15', '7/21']);
    expect(idsOf(10).map((id) => id[0])).toEqual('0 1 2 3 4 5 6 7 8 9'.split(' '));
    expect(idsOf(12)).toEqual('0/0 0/1 1/3 2/6 3/9 4/12 5/15 5/16 6/18 7/21 8/24 9/27'.split(' '));
    expect(limitImages({ ...sorted, originals: undefined }, 4).ids).toEqual(idsOf(4));
    expect(limitImages(sorted, 4).leftOut).toEqual({ 'not-listed': 4, 'beyond-limit': 26 });
  });

  it("takes the first of ImageNet's validation set, which is in no order of classes", () => {
    const imagenet = { ...set, kind: 'imagenet', originals: [7, 7, 3] } as const;
    expect(limitImages(imagenet, 2).ids).toEqual(['a', 'b']);
  });

  it('keeps all without a limit, or with a large one', () => {
    expect(limitImages(set, undefined)).toBe(set);
    expect(limitImages(set, 9)).toBe(set);
  });
});
