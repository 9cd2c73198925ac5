import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../src/files/digest.js';
import {
  buildIndex,
  findIndex,
  type IndexInput,
  ObjectSorter,
  readIndexedImages,
  readIndexSummary,
} from '../../src/generate/build-index.js';
import type { Annotation } from '../../src/imagenet/annotation.js';
import type { Progress } from '../../src/progress.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import { annotationXml } from '../support/unit-annotations.js';
import { collect } from '../support/unit-errors.js';
import { writeTree } from '../support/unit-folder.js';
import { recipeWith } from '../support/unit-recipes.js';

/** Two images, of which one has two annotated objects; one missing; one malformed annotation. */
function inputOf(source: RecipeOverrides['source'] = {}): IndexInput {
  const folder = writeTree({
    'annotations/b.xml': annotationXml([
      ['n01440764', 1, 2, 30, 40],
      ['n01443537', 5, 6, 70, 80],
    ]),
    'annotations/a.xml': annotationXml([['n01440764', 1, 2, 30, 40]]),
    'annotations/c.xml': 'not XML',
    'annotations/d.xml': annotationXml([['n01440764', 1, 2, 30, 40]]),
    'images/a.JPEG': 'a',
    'images/b.JPEG': 'bb',
  });
  return {
    recipe: recipeWith({ source }),
    annotations: join(folder, 'annotations'),
    images: join(folder, 'images'),
    work: join(folder, 'work'),
  };
}

async function idsIn(index: string): Promise<string[]> {
  return (await collect(readIndexedImages(index))).map(({ image }) => image);
}

function dropsIn(index: string): unknown[] {
  const lines = readFileSync(join(index, 'drops.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe('buildIndex', () => {
  it('writes the images that are there with their objects, in byte order of their ids', async () => {
    const images = await collect(readIndexedImages((await buildIndex(inputOf())).folder));
    expect(images).toEqual([
      {
        image: 'a',
        place: { file: 'a.JPEG', size: 1 },
        size: [500, 375],
        objects: [{ object: 0, wnid: 'n01440764', class: 0, box: [1, 2, 30, 40] }],
      },
      {
        image: 'b',
        place: { file: 'b.JPEG', size: 2 },
        size: [500, 375],
        objects: [
          { object: 0, wnid: 'n01440764', class: 0, box: [1, 2, 30, 40] },
          { object: 1, wnid: 'n01443537', class: 1, box: [5, 6, 70, 80] },
        ],
      },
    ]);
  });

  it('lists what it left out, and counts it', async () => {
    const { folder: index } = await buildIndex(inputOf());
    expect(dropsIn(index)).toEqual([
      { imageId: 'c', problem: expect.stringContaining('not well-formed') as unknown },
      { image: 'd', object: 0, reason: 'image-missing' },
    ]);
    expect(await readIndexSummary(index)).toMatchObject({
      annotations: 4,
      malformed: 1,
      objects: 4,
      indexed: { images: 2, objects: 3 },
      drops: { 'image-missing': 1 },
      digest: sha256(readFileSync(join(index, 'objects.jsonl'))),
    });
  });

  it('leaves nothing but the index in the folder for it', async () => {
    const input = inputOf();
    const { folder: index } = await buildIndex(input);
    expect(readdirSync(join(input.work, 'index'))).toEqual([index.split('/').at(-1)]);
    expect(readdirSync(index).sort()).toEqual(['drops.jsonl', 'index.json', 'objects.jsonl']);
    expect(await findIndex(input)).toBe(index);
  });

  it('uses an index of the same input again', async () => {
    const input = inputOf();
    const { folder: index } = await buildIndex(input);
    const { mtimeMs, ino } = statSync(join(index, 'objects.jsonl'));
    const other = { ...input, recipe: recipeWith({ seed: 7, patch: { minSide: 50 } }) };
    expect((await buildIndex(other)).folder).toBe(index);
    expect(statSync(join(index, 'objects.jsonl'))).toMatchObject({ mtimeMs, ino });
  });

  it('makes another where an annotation, an image or the choice of them changes', async () => {
    const input = inputOf();
    const made = [(await buildIndex(input)).folder];
    writeFileSync(join(input.annotations, 'e.xml'), annotationXml([]));
    made.push((await buildIndex(input)).folder);
    writeFileSync(join(input.images, 'd.JPEG'), 'd');
    made.push((await buildIndex(input)).folder);
    const recipe = recipeWith({ source: { block: { synsets: ['n01443537'] } } });
    made.push((await buildIndex({ ...input, recipe })).folder);
    expect(new Set(made).size).toBe(4);
    expect(await Promise.all(made.map(idsIn))).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b', 'd'],
      ['a', 'b', 'd'],
    ]);
  });

  it('names the images where they lie now, when they have been moved since', async () => {
    const input = inputOf();
    await buildIndex(input);
    const moved = `${input.images}-moved`;
    renameSync(input.images, moved);
    const { folder: index } = await buildIndex({ ...input, images: moved });
    expect((await readIndexSummary(index)).images).toBe(moved);
  });

  it('uses only the first annotations, by id, where the recipe says how many', async () => {
    const { folder: index } = await buildIndex(inputOf({ limit: 1 }));
    expect(await idsIn(index)).toEqual(['a']);
    expect(await readIndexSummary(index)).toMatchObject({ annotations: 1, objects: 1 });
  });

  it('where strict, ends at the first malformed annotation, made or made before', async () => {
    const input = inputOf();
    const refused = { name: 'AnnotationError', code: 'annotation-malformed', place: 'c' };
    await expect(buildIndex(input, { strict: true })).rejects.toMatchObject(refused);
    expect(existsSync(await findIndex(input))).toBe(false);
    await buildIndex(input);
    await expect(buildIndex(input, { strict: true })).rejects.toMatchObject(refused);
  });

  it('where strict, ends at the first object without an image', async () => {
    const input = inputOf();
    writeFileSync(join(input.annotations, 'c.xml'), annotationXml([]));
    const refused = { name: 'AnnotationError', code: 'image-missing', place: 'd' };
    await expect(buildIndex(input, { strict: true })).rejects.toMatchObject(refused);
    await buildIndex(input);
    await expect(buildIndex(input, { strict: true })).rejects.toMatchObject(refused);
  });

  it('stops when it is told to, with no index in its place, and can be run again', async () => {
    const input = inputOf();
    const stopped = buildIndex(input, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortedError', code: 'aborted' });
    expect(existsSync(await findIndex(input))).toBe(false);
    expect(await idsIn((await buildIndex(input)).folder)).toEqual(['a', 'b']);
  });

  it('tells its progress, and at the end that all is done', async () => {
    const steps: Progress[] = [];
    await buildIndex(inputOf(), { onProgress: (step) => steps.push({ ...step }) });
    expect(steps.at(-1)).toEqual({ stage: 'index', done: 4, total: 4, unit: 'files' });
  });
});

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
