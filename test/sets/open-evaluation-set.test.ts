import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { digestOf } from '../../src/files/digest.js';
import { type EvaluationSetInput, openEvaluationSet } from '../../src/sets/open-set.js';
import { valName, writeImages, writeLabels, writeOriginals } from '../support/unit-evaluation.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

describe('openEvaluationSet', () => {
  it.each<[string, EvaluationSetInput, RegExp]>([
    ['nothing', {}, /--dataset.*--images.*--labels.*--originals/],
    ['a rule alone', { multiLabelRule: 'tfds' }, /--dataset/],
    ['two sets', { dataset: 'a', images: 'b' }, /--dataset and --images/],
    ['originals of another set', { dataset: 'a', originals: 'b' }, /--originals.*--dataset/],
  ])('refuses %s and names the flags', async (_, input, message) => {
    await expect(openEvaluationSet(input)).rejects.toMatchObject({
      name: 'EvaluationError',
      code: expect.stringMatching(/^evaluation-(nothing-given|contradiction)$/) as unknown,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('refuses originals of the validation set beside labels of other images', async () => {
    const input = {
      labels: writeLabels({ 'a.jpg': 1 }),
      originals: writeOriginals(['n01440764']),
    };
    await expect(openEvaluationSet(input)).rejects.toMatchObject({
      code: 'evaluation-contradiction',
      message: expect.stringMatching(/--originals.*--labels/) as unknown,
    });
  });

  it.each([
    ['images in no class folder', ['a.jpg', 'val/b.jpg']],
    ['no image at all', ['a.txt']],
  ])('says of a folder of %s which forms are known', async (_, files) => {
    const dataset = writeImages(files);
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'evaluation-unknown-form',
      path: dataset,
      fix: expect.stringMatching(/PatchML.*ImageNetV2.*n01440764.*--labels/) as unknown,
    });
  });

  it('refuses a file where a folder belongs', async () => {
    const file = join(writeTree({ 'v2.tar': 'x' }), 'v2.tar');
    const refused = { name: 'EvaluationError', code: 'evaluation-unknown-form', path: file };
    await expect(openEvaluationSet({ dataset: file })).rejects.toMatchObject(refused);
    const labels = writeLabels({ 'a.jpg': 1 });
    await expect(openEvaluationSet({ images: file, labels })).rejects.toMatchObject(refused);
  });

  it('says that a folder or file is not there', async () => {
    const path = join(temporaryFolder(), 'none');
    for (const input of [
      { dataset: path },
      { images: path, labels: writeLabels({ 'a.jpg': 1 }) },
      { labels: path },
      { originals: path },
    ]) {
      await expect(openEvaluationSet(input)).rejects.toMatchObject({ code: 'enoent', path });
    }
  });

  it('gives a digest over ids, labels, originals and rule, and over nothing else', async () => {
    const files = [`n01440764/${valName(1)}.JPEG`, `n01443537/${valName(2)}.JPEG`];
    const rule = 'original';
    const labels = [[0], [1]];
    const set = await openEvaluationSet({ dataset: writeImages(files) });
    const ids = [`n01440764/${valName(1)}`, `n01443537/${valName(2)}`];
    expect(set.digest).toBe(digestOf({ ids, labels, originals: [0, 1], rule }));
    const elsewhere = await openEvaluationSet({ dataset: writeImages(files) });
    expect(elsewhere.digest).toBe(set.digest);
    expect(elsewhere.images?.path).not.toBe(set.images?.path);
  });

  it('leaves originals out of the digest where there are none', async () => {
    const set = await openEvaluationSet({ labels: writeLabels({ 'a.jpg': [2, 1] }) });
    expect(set.originals).toBeUndefined();
    expect(set.digest).toBe(digestOf({ ids: ['a'], labels: [[1, 2]], rule: 'given' }));
  });
});
