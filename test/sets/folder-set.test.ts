import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import {
  writeImages,
  writeLabels,
  writeMultiLabels,
  writeRealLabels,
} from '../support/unit-evaluation.js';
import { temporaryFolder } from '../support/unit-folder.js';

function folderNamed(name: string): string {
  const folder = join(temporaryFolder(), name);
  mkdirSync(folder);
  return folder;
}

const V2_FILES = ['10/d.jpeg', '2/c.jpeg', '2/b.jpeg', '0/a.jpeg', '999/e.jpeg'];

describe('ImageNetV2', () => {
  it('is in the order of its class numbers, not of their text', async () => {
    const dataset = folderNamed('imagenetv2-matched-frequency-format-val');
    writeImages(V2_FILES, dataset);
    const place: unknown = expect.objectContaining({ file: '0/a.jpeg', size: 1 });
    expect(await openEvaluationSet({ dataset })).toMatchObject({
      name: 'imagenetv2-matched-frequency',
      kind: 'imagenet-v2',
      ids: ['0/a', '2/b', '2/c', '10/d', '999/e'],
      originals: [0, 2, 2, 10, 999],
      labels: [[0], [2], [2], [10], [999]],
      rule: 'original',
      images: { path: dataset, places: expect.arrayContaining([place]) },
      leftOut: {},
    });
  });

  it.each([
    ['imagenetv2-threshold0.7-format-val', 'imagenetv2-threshold0.7'],
    ['imagenetv2-top-images-format-val', 'imagenetv2-top-images'],
    ['mine', 'mine'],
  ])('in the folder %s is named %s', async (folder, name) => {
    const dataset = writeImages(['0/a.jpeg'], folderNamed(folder));
    expect((await openEvaluationSet({ dataset: `${dataset}/` })).name).toBe(name);
  });

  it('keeps images of one name in two classes apart', async () => {
    const { ids, originals } = await openEvaluationSet({
      dataset: writeImages(['1/a.jpg', '2/a.jpg']),
    });
    expect([ids, originals]).toEqual([
      ['1/a', '2/a'],
      [1, 2],
    ]);
  });

  it('counts images that lie in no class folder', async () => {
    const dataset = writeImages(['1/a.jpg', 'x.jpg', 'thumbnails/1/a.jpg']);
    const { ids, leftOut } = await openEvaluationSet({ dataset });
    expect([ids, leftOut]).toEqual([['1/a'], { 'outside-class-folders': 2 }]);
  });

  it('takes multi-labels by file name', async () => {
    const correct = ['n01440764', 'n01443537'];
    const labels = writeMultiLabels({ 'a.jpeg': { correct }, 'val/2/b': { correct } }, ['d.jpeg']);
    const set = await openEvaluationSet({ dataset: writeImages(V2_FILES), labels });
    expect(set).toMatchObject({
      kind: 'imagenet-v2',
      labels: [[0, 1], [0, 1], [], [], []],
      originals: [0, 2, 2, 10, 999],
      rule: 'multi-label-authors',
      leftOut: { problematic: 1, 'not-annotated': 2 },
    });
  });

  it('takes labels from a list of files, and keeps the images that it does not list', async () => {
    const labels = writeLabels({ '2/b.jpeg': [2, 3], '0/a': 7 });
    const set = await openEvaluationSet({ dataset: writeImages(V2_FILES), labels });
    expect(set).toMatchObject({
      kind: 'imagenet-v2',
      labels: [[7], [2, 3], [], [], []],
      originals: [0, 2, 2, 10, 999],
      rule: 'given',
      leftOut: { 'not-annotated': 3 },
    });
  });

  it('takes a list of more images than it has, by their names alone', async () => {
    const labels = writeLabels({ 'a.jpeg': ['7'], 'b.jpeg': ['2', '3'], 'gone.jpeg': ['5'] });
    const dataset = writeImages(['0/a.jpeg', '2/b.jpeg']);
    expect(await openEvaluationSet({ dataset, labels })).toMatchObject({
      ids: ['0/a', '2/b'],
      labels: [[7], [2, 3]],
      originals: [0, 2],
      leftOut: {},
    });
  });

  it('gives no image the labels of another that has its name', async () => {
    const dataset = writeImages(['7/0.jpeg', '65/0.jpeg', '999/0.jpeg']);
    const correct = ['n01751748'];
    const labels = writeMultiLabels({ 'imagenetv2-x-format-val/65/0.jpeg': { correct } });
    expect(await openEvaluationSet({ dataset, labels })).toMatchObject({
      ids: ['7/0', '65/0', '999/0'],
      labels: [[], [65], []],
      leftOut: { 'not-annotated': 2 },
    });
    for (const unclear of [writeMultiLabels({ '0.jpeg': { correct } }), writeLabels({ 0: 65 })]) {
      await expect(openEvaluationSet({ dataset, labels: unclear })).rejects.toMatchObject({
        code: 'labels-ambiguous',
        path: unclear,
      });
    }
  });

  it.each([
    ['a class beyond 999', ['1000/a.jpg', '1/b.jpg'], 'evaluation-class-folder'],
    ['a wnid beside a number', ['1/a.jpg', 'n01440764/b.jpg'], 'evaluation-mixed-folders'],
    ['two images of one id', ['1/a.jpg', '1/a.png'], 'evaluation-duplicate-id'],
    ['one class under two numbers', ['1/a.jpg', '01/a.jpg'], 'evaluation-duplicate-id'],
  ])('refuses %s', async (_, files, code) => {
    const dataset = writeImages(files);
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
      path: dataset,
    });
  });

  it('refuses the labels of ReaL, which are of other images', async () => {
    const labels = writeRealLabels([]);
    await expect(
      openEvaluationSet({ dataset: writeImages(V2_FILES), labels }),
    ).rejects.toMatchObject({
      code: 'evaluation-labels-misfit',
      path: labels,
      fix: expect.stringContaining('--images') as unknown,
    });
  });
});

describe('A folder of class folders', () => {
  it('takes the original label from the wnid', async () => {
    const dataset = folderNamed('mine');
    writeImages(['n01443537/b.jpg', 'n01440764/x/a.png', 'n99999999/c.jpg', 'd.jpg'], dataset);
    expect(await openEvaluationSet({ dataset })).toMatchObject({
      name: 'mine',
      kind: 'labelled-images',
      ids: ['n01440764/x/a', 'n01443537/b'],
      originals: [0, 1],
      labels: [[0], [1]],
      rule: 'original',
      leftOut: { 'unknown-synset': 1, 'outside-class-folders': 1 },
    });
  });

  it('is refused where all of its synsets are unknown', async () => {
    const dataset = writeImages(['n99999999/a.jpg', 'n99999998/a.jpg']);
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      code: 'evaluation-no-images',
      path: dataset,
      message: expect.stringContaining('2 unknown-synset') as unknown,
    });
  });
});
