import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ImageReader } from '../../src/imagenet/image-reader.js';
import { classOf } from '../../src/imagenet/synsets.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { packTar } from '../support/unit-archives.js';
import {
  valName,
  writeImages,
  writeLabels,
  writeMultiLabels,
  writeOriginals,
  writeRealLabels,
} from '../support/unit-evaluation.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { readJson } from '../support/workspace.js';

const [ONE, TWO, THREE] = [valName(1), valName(2), valName(3)];
const WNIDS = ['n01440764', 'n01443537', 'n01484850'];

describe('The validation set with the labels of ReaL', () => {
  it('is the images that are there, in id order', async () => {
    const images = writeImages([`b/${ONE}.JPEG`, `a/${THREE}.JPEG`]);
    const labels = writeRealLabels([[5, 2], [7], []]);
    const set = await openEvaluationSet({ images, labels });
    expect(set).toMatchObject({
      name: 'imagenet-val',
      kind: 'imagenet',
      ids: [ONE, THREE],
      labels: [[2, 5], []],
      originals: undefined,
      rule: 'real',
      images: { path: images, places: [{ file: `b/${ONE}.JPEG` }, { file: `a/${THREE}.JPEG` }] },
      leftOut: { 'not-annotated': 1 },
    });
  });

  it("knows ImageNet's names with a synset, which is the original label", async () => {
    const images = writeImages([`${TWO}_n01443537.JPEG`, `${ONE}_n01751748.JPEG`]);
    const set = await openEvaluationSet({ images, labels: writeRealLabels([[5], [7]]) });
    expect([set.ids, set.labels, set.originals]).toEqual([
      [ONE, TWO],
      [[5], [7]],
      [65, 1],
    ]);
  });

  it('counts images that are none of it', async () => {
    const images = writeImages([ONE, 'dog', valName(0), valName(50_001)].map((id) => `${id}.JPEG`));
    const set = await openEvaluationSet({ images, labels: writeRealLabels([[1]]) });
    expect([set.ids, set.leftOut]).toEqual([[ONE], { 'not-validation': 3 }]);
  });

  it('is all 50,000 ids where no images are given', async () => {
    const set = await openEvaluationSet({ labels: writeRealLabels([[3], [4]]) });
    expect(set.ids).toHaveLength(50_000);
    expect([set.ids[1], set.ids[49_999]]).toEqual([TWO, valName(50_000)]);
    expect([set.labels[1], set.images]).toEqual([[4], undefined]);
    expect(set.leftOut).toEqual({ 'not-annotated': 49_998 });
  });

  it('is read from the official archive', async () => {
    const images = join(temporaryFolder(), 'val.tar');
    writeFileSync(images, await packTar([TWO, ONE].map((id) => [`${id}.JPEG`, id])));
    const set = await openEvaluationSet({ images, labels: writeRealLabels([[3], [4]]) });
    expect([set.ids, set.labels]).toEqual([
      [ONE, TWO],
      [[3], [4]],
    ]);
    const reader = new ImageReader(set.images!.path);
    expect(String(reader.read(set.images!.places[1]!))).toBe(TWO);
    reader.close();
  });

  it('refuses images of which none is of it', async () => {
    const images = writeImages(['a.jpg', 'b.jpg']);
    const input = { images, labels: writeRealLabels([]) };
    await expect(openEvaluationSet(input)).rejects.toMatchObject({
      code: 'evaluation-not-validation',
      path: images,
      message: expect.stringContaining('none of its 2 images') as unknown,
    });
  });
});

describe('The original labels of the validation set', () => {
  const images = (): string => writeImages([`${THREE}.JPEG`, `${ONE}.JPEG`]);

  it("come from Kaggle's file", async () => {
    const set = await openEvaluationSet({
      images: images(),
      labels: writeRealLabels([[9], [], [8]]),
      originals: writeOriginals(WNIDS),
    });
    expect([set.labels, set.originals, set.rule]).toEqual([[[9], [8]], [0, 2], 'real']);
  });

  it("come from the devkit's file", async () => {
    const originals = writeLabels(`490\n361\n171\n${'1\n'.repeat(49_997)}`, 'truth.txt');
    const set = await openEvaluationSet({ images: images(), originals });
    expect([set.originals, set.labels, set.rule]).toEqual([[65, 230], [[65], [230]], 'original']);
  });

  it('come from the class folders that the images lie in', async () => {
    const sorted = writeImages([`val/n01443537/${ONE}.JPEG`, `val/n01440764/${TWO}.JPEG`]);
    const set = await openEvaluationSet({ images: sorted, labels: writeRealLabels([[9], [8]]) });
    expect([set.labels, set.originals]).toEqual([
      [[9], [8]],
      [1, 0],
    ]);
  });

  it.each([
    ['some images lie in none', [`n01443537/${ONE}.JPEG`, `${TWO}.JPEG`]],
    ['a folder is of no known class', [`n01443537/${ONE}.JPEG`, `n99999999/${TWO}.JPEG`]],
  ])('are not taken from class folders where %s', async (_, files) => {
    const set = await openEvaluationSet({
      images: writeImages(files),
      labels: writeRealLabels([]),
    });
    expect(set.originals).toBeUndefined();
  });

  it('refuse a file that lacks images of the set', async () => {
    const originals = writeOriginals(WNIDS.slice(0, 2));
    await expect(openEvaluationSet({ images: images(), originals })).rejects.toMatchObject({
      code: 'originals-incomplete',
      path: originals,
      message: expect.stringContaining(
        `1 of the set's images are not in it, first ${THREE}`,
      ) as unknown,
    });
  });

  it('must come from somewhere where there are no other labels', async () => {
    const path = images();
    await expect(openEvaluationSet({ images: path })).rejects.toMatchObject({
      code: 'evaluation-no-labels',
      path,
      fix: expect.stringMatching(/--labels.*--originals/) as unknown,
    });
  });
});

describe('The validation set with multi-labels', () => {
  const labels = (): string =>
    writeMultiLabels(
      {
        [`${ONE}.JPEG`]: { correct: [WNIDS[0]!], unclear: [WNIDS[2]!] },
        [`${TWO}.JPEG`]: { correct: [WNIDS[1]!] },
        [`${THREE}.JPEG`]: { wrong: [WNIDS[1]!] },
      },
      [`${TWO}.JPEG`],
    );
  const files = [1, 2, 3, 4].map((number) => `${valName(number)}.JPEG`);

  it.each([
    ['authors', [0], 'multi-label-authors'],
    ['tfds', [0, 2], 'multi-label-tfds'],
    [undefined, [0], 'multi-label-authors'],
  ] as const)('keeps every image, and gives those their labels that %s count', async (...row) => {
    const [multiLabelRule, first, rule] = row;
    const input = { images: writeImages(files), labels: labels(), multiLabelRule };
    const set = await openEvaluationSet(input);
    expect(set).toMatchObject({ kind: 'imagenet', labels: [first, [], [], []], rule });
    expect(set.leftOut).toEqual({ problematic: 1, 'no-valid-label': 1, 'not-annotated': 1 });
  });

  it('is all 50,000 ids where no images are given', async () => {
    const set = await openEvaluationSet({ labels: labels(), multiLabelRule: 'tfds' });
    expect([set.ids.length, set.labels[0], set.images]).toEqual([50_000, [0, 2], undefined]);
    expect(set.leftOut).toMatchObject({ problematic: 1, 'not-annotated': 49_997 });
  });

  it('refuses a file in which none of the images is annotated', async () => {
    const path = writeMultiLabels({ 'abc.jpeg': { correct: [WNIDS[0]!] } });
    await expect(
      openEvaluationSet({ images: writeImages(files), labels: path }),
    ).rejects.toMatchObject({ code: 'evaluation-labels-misfit', path });
  });
});

describeWithShared('The 300 real images', () => {
  it('have the labels of ReaL, and those that their XML says', async () => {
    const { images, annotations, real, csv } = sharedInput;
    const set = await openEvaluationSet({ images, labels: real, originals: csv });
    expect(set.ids).toHaveLength(300);
    expect(set.images?.places.map(({ file }) => file)).toEqual(set.ids.map((id) => `${id}.JPEG`));
    const lists = readJson<number[][]>(real);
    for (const [index, id] of set.ids.entries()) {
      const xml = readFileSync(join(annotations, `${id}.xml`), 'utf8');
      expect(set.originals?.[index]).toBe(classOf(/<name>(n\d{8})/.exec(xml)![1]!));
      const expected = lists[Number(id.slice(-8)) - 1]!;
      expect(set.labels[index]).toEqual([...expected].sort((a, b) => a - b));
    }
  });
});
