import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ObjectSorter } from '../../src/generate/sort-objects.js';
import type { Annotation } from '../../src/imagenet/annotation.js';
import { recipeWith } from '../support/unit-recipes.js';

const [TENCH, GOLDFISH, SHARK] = ['n01440764', 'n01443537', 'n01484850'];
const BOX = [1, 2, 3, 4] as const;

function annotationOf(imageId: string, ...wnids: string[]): Annotation {
  return { imageId, size: [500, 375], objects: wnids.map((wnid) => ({ wnid, box: BOX })) };
}

function sorterFor(
  images: readonly string[],
  source: { allow?: object; block?: object } = {},
): ObjectSorter {
  const places = new Map(images.map((id) => [id, { file: `${id}.JPEG`, size: 9 }]));
  return new ObjectSorter(recipeWith({ source }).source, places);
}

describe('ObjectSorter', () => {
  it('lets objects of a known synset in an image that is there go on, with their numbers', () => {
    const sorted = sorterFor(['a']).sort(annotationOf('a', GOLDFISH, 'Scottish_deerhound', TENCH));
    expect(sorted).toEqual({
      indexed: {
        image: 'a',
        place: { file: 'a.JPEG', size: 9 },
        size: [500, 375],
        objects: [
          { object: 0, wnid: GOLDFISH, class: 1, box: BOX },
          { object: 2, wnid: TENCH, class: 0, box: BOX },
        ],
      },
      drops: [{ image: 'a', object: 1, reason: 'unknown-synset' }],
    });
  });

  it.each([
    ['its image is not there', ['b'], {}, 'image-missing'],
    ['its image is blocked', ['a'], { block: { images: ['a'] } }, 'blocked'],
    ['its synset is blocked', ['a'], { block: { synsets: [TENCH] } }, 'blocked'],
    ['other images are allowed', ['a'], { allow: { images: ['b'] } }, 'blocked'],
    ['other synsets are allowed', ['a'], { allow: { synsets: [SHARK] } }, 'blocked'],
    ['it is blocked and its image missing', [], { block: { synsets: [TENCH] } }, 'blocked'],
  ])('drops an object where %s', (_, images, source, reason) => {
    const sorted = sorterFor(images, source).sort(annotationOf('a', TENCH));
    expect(sorted).toEqual({ drops: [{ image: 'a', object: 0, reason }] });
  });

  it('drops an unknown synset as such, even where its image is missing', () => {
    const { drops } = sorterFor([]).sort(annotationOf('a', 'cat'));
    expect(drops).toEqual([{ image: 'a', object: 0, reason: 'unknown-synset' }]);
  });

  it('lets only what is allowed go on', () => {
    const sorter = sorterFor(['a', 'b'], { allow: { synsets: [TENCH], images: ['a'] } });
    expect(sorter.sort(annotationOf('a', TENCH, GOLDFISH)).indexed?.objects).toHaveLength(1);
    expect(sorter.sort(annotationOf('b', TENCH)).indexed).toBeUndefined();
  });

  it('drops a malformed object with what is wrong, and lets its neighbours go on', () => {
    const good = { wnid: TENCH, box: BOX };
    const odd = { problem: '<object.bndbox>: not there' };
    const annotation: Annotation = { imageId: 'a', size: null, objects: [good, odd, good] };
    const { indexed, drops } = sorterFor(['a']).sort(annotation);
    expect(indexed?.objects.map(({ object }) => object)).toEqual([0, 2]);
    expect(drops).toEqual([
      { image: 'a', object: 1, reason: 'malformed-object', detail: odd.problem },
    ]);
    const blocked = sorterFor(['a'], { block: { images: ['a'] } }).sort(annotation);
    expect(blocked.drops.map(({ reason }) => reason)).toEqual(['blocked', 'blocked', 'blocked']);
  });

  it('hands on a malformed annotation, which has no objects', () => {
    const malformed = { imageId: 'a', problem: 'not UTF-8' };
    const sorter = sorterFor(['a']);
    expect(sorter.sort(malformed)).toEqual({ drops: [], malformed });
    expect(sorter.counts()).toMatchObject({ annotations: 1, malformed: 1, objects: 0 });
  });

  it('counts all that it has seen', () => {
    const sorter = sorterFor(['a', 'b'], { block: { synsets: [SHARK] } });
    sorter.sort(annotationOf('a', TENCH, SHARK, 'cat'));
    sorter.sort(annotationOf('b'));
    sorter.sort(annotationOf('c', TENCH, GOLDFISH));
    sorter.sort({ imageId: 'd', problem: 'larger than 1048576 bytes' });
    expect(sorter.counts()).toEqual({
      annotations: 4,
      malformed: 1,
      objects: 5,
      indexed: { images: 1, objects: 1 },
      drops: { blocked: 1, 'unknown-synset': 1, 'image-missing': 2 },
    });
  });

  it('counts every object once: objects = indexed + drops, each with its number', () => {
    const wnid = fc.constantFrom(TENCH, GOLDFISH, SHARK, 'cat');
    const annotation = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(wnid));
    fc.assert(
      fc.property(fc.array(annotation), (annotations) => {
        const source = { block: { synsets: [SHARK] }, allow: { images: ['a', 'c'] } };
        const sorter = sorterFor(['a', 'b'], source);
        for (const [image, wnids] of annotations) {
          const { indexed, drops } = sorter.sort(annotationOf(image, ...wnids));
          const numbers = [...(indexed?.objects ?? []), ...drops].map(({ object }) => object);
          expect(numbers.sort((a, b) => a - b)).toEqual(wnids.map((_, index) => index));
        }
        const { objects, indexed, drops } = sorter.counts();
        const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
        expect(objects).toBe(indexed.objects + dropped);
        expect(objects).toBe(annotations.reduce((sum, [, wnids]) => sum + wnids.length, 0));
      }),
    );
  });
});
