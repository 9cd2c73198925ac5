import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { valName, writeImages, writeLabels, writeMultiLabels } from '../support/unit-evaluation.js';
import { temporaryFolder } from '../support/unit-folder.js';

function folderNamed(name: string): string {
  const folder = join(temporaryFolder(), name);
  mkdirSync(folder);
  return folder;
}

describe('Any images with a list of their labels', () => {
  const files = ['b/c.PNG', 'a.jpg', 'more.webp', '2024/d.jpg'];
  const list = { 'b/c.PNG': [5, 'n01440764'], a: 3, '2024/d.jpg': [] };

  it('are those that are listed, whatever the folders are named', async () => {
    const images = folderNamed('mine');
    writeImages(files, images);
    expect(await openEvaluationSet({ images, labels: writeLabels(list) })).toMatchObject({
      name: 'mine',
      kind: 'labelled-images',
      ids: ['2024/d', 'a', 'b/c'],
      labels: [[], [3], [0, 5]],
      originals: undefined,
      rule: 'given',
      images: {
        path: images,
        places: [{ file: '2024/d.jpg' }, { file: 'a.jpg' }, { file: 'b/c.PNG' }],
      },
      leftOut: { 'not-listed': 1, 'not-annotated': 1 },
    });
  });

  it('may be given as a dataset, and the list as CSV', async () => {
    const labels = writeLabels('file,labels\nb/c.PNG,n01440764 5\n', 'labels.csv');
    const set = await openEvaluationSet({ dataset: writeImages(['b/c.PNG', 'a.jpg']), labels });
    expect([set.ids, set.labels, set.leftOut]).toEqual([['b/c'], [[0, 5]], { 'not-listed': 1 }]);
  });

  it('are the same set without the files, by the labels alone', async () => {
    const labels = writeLabels(list, 'my-labels.json');
    const alone = await openEvaluationSet({ labels });
    const whole = await openEvaluationSet({ images: writeImages(files), labels });
    expect(alone).toMatchObject({ name: 'my-labels', kind: 'labelled-images', images: undefined });
    expect(alone.digest).toBe(whole.digest);
  });

  it('are told apart by extension where the list says it', async () => {
    const labels = writeLabels({ 'a.png': 1 });
    const set = await openEvaluationSet({ images: writeImages(['a.jpg', 'a.png']), labels });
    expect(set.images?.places).toMatchObject([{ file: 'a.png', size: 1 }]);
  });

  it('must be there', async () => {
    const labels = writeLabels({ 'a.jpg': 1, 'gone/x.jpg': 2, 'gone/y.jpg': 3 });
    await expect(openEvaluationSet({ images: writeImages(files), labels })).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'evaluation-image-missing',
      path: labels,
      message: expect.stringContaining(
        '2 of the 3 images listed in it are not in the folder, first "gone/x.jpg"',
      ) as unknown,
    });
  });

  it('may be fewer than the list has, where all of them are listed', async () => {
    const labels = writeLabels({ 'x/a.jpg': 1, 'x/b.jpg': 2, 'x/c.jpg': 3 });
    const set = await openEvaluationSet({ images: writeImages(['b.jpg']), labels });
    expect([set.ids, set.labels, set.leftOut]).toEqual([['x/b'], [[2]], {}]);
  });

  it('are known from the metadata of a Hugging Face folder', async () => {
    const rows = [
      { file_name: 'train/b.png', label: 4 },
      { file_name: 'train/a.png', label: 3 },
    ];
    const text = rows.map((row) => JSON.stringify(row)).join('\n');
    const labels = writeLabels(text, 'metadata.jsonl');
    const set = await openEvaluationSet({
      images: writeImages(['train/a.png', 'train/b.png']),
      labels,
    });
    expect([set.ids, set.labels]).toEqual([
      ['train/a', 'train/b'],
      [[3], [4]],
    ]);
  });
});

describe('A list of original labels', () => {
  const originals = (): string =>
    writeLabels('file,label\n35/b.jpeg,35\n7/a.jpeg,7\n', 'matched-frequency.csv');

  it('is a set of its own, in the order of the list', async () => {
    expect(await openEvaluationSet({ originals: originals() })).toMatchObject({
      name: 'matched-frequency',
      ids: ['35/b', '7/a'],
      originals: [35, 7],
      labels: [[35], [7]],
      rule: 'original',
      images: undefined,
    });
  });

  it('says which images there are, and --labels what else is right', async () => {
    const labels = writeLabels({ 'a.jpeg': ['7', '8'], 'b.jpeg': [] });
    expect(await openEvaluationSet({ labels, originals: originals() })).toMatchObject({
      ids: ['35/b', '7/a'],
      originals: [35, 7],
      labels: [[], [7, 8]],
      rule: 'given',
      leftOut: { 'not-annotated': 1 },
    });
    const multi = writeMultiLabels({ 'v2/7/a.jpeg': { correct: ['n01440764'] } });
    expect(await openEvaluationSet({ labels: multi, originals: originals() })).toMatchObject({
      labels: [[], [0]],
      originals: [35, 7],
      rule: 'multi-label-authors',
    });
  });

  it('is the same set as the folder of its images', async () => {
    const labels = writeLabels({ 'a.jpeg': ['7', '8'], 'b.jpeg': ['1'] });
    const dataset = writeImages(['35/b.jpeg', '7/a.jpeg']);
    const { digest } = await openEvaluationSet({ dataset, labels });
    expect((await openEvaluationSet({ labels, originals: originals() })).digest).toBe(digest);
  });

  it('goes with a folder of images', async () => {
    const images = writeImages(['x/7/a.jpeg', 'x/35/b.jpeg', 'x/9/c.jpeg']);
    const set = await openEvaluationSet({ images, originals: originals() });
    expect([set.ids, set.labels, set.leftOut]).toEqual([
      ['35/b', '7/a'],
      [[35], [7]],
      { 'not-listed': 1 },
    ]);
  });

  it('may be of validation images', async () => {
    const text = `file,label\n${valName(2)}_n01443537.JPEG,1\nval/${valName(1)}.JPEG,0\n`;
    const images = writeImages([`${valName(2)}.JPEG`]);
    const set = await openEvaluationSet({ images, originals: writeLabels(text, 'val.csv') });
    expect(set).toMatchObject({ name: 'imagenet-val', ids: [valName(2)], originals: [1] });
  });

  it('has one label an image', async () => {
    const path = writeLabels('file,label\na,1 2\n', 'two.csv');
    await expect(openEvaluationSet({ originals: path })).rejects.toMatchObject({
      code: 'originals-row',
      path,
      message: expect.stringContaining('got 2 of "a"') as unknown,
    });
  });
});
