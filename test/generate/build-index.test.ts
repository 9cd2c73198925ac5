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
import { sha256 } from '../../src/files/digest.js';
import {
  buildIndex,
  findIndex,
  type IndexInput,
  readIndexedImages,
  readIndexSummary,
} from '../../src/generate/build-index.js';
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
        place: { file: 'a.JPEG', size: 1, modified: expect.any(Number) as unknown },
        size: [500, 375],
        objects: [{ object: 0, wnid: 'n01440764', class: 0, box: [1, 2, 30, 40] }],
      },
      {
        image: 'b',
        place: { file: 'b.JPEG', size: 2, modified: expect.any(Number) as unknown },
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
