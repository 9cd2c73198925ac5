import { mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseRealLabels, readLabels } from '../../src/sets/labels.js';
import { readOriginalLabels } from '../../src/sets/original-labels.js';
import { describeWithShared, sharedInput } from '../support/shared-input.js';
import { thrownBy } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

function fileOf(text: string | Uint8Array, name = 'labels.json'): string {
  return join(writeTree({ [name]: text }), name);
}

describe('readLabels', () => {
  it.each([
    ["ReaL's", JSON.stringify(Array.from({ length: 50_000 }, () => [])), 'real'],
    ['multi-', '{"other": 1, "initial_annots": {}, "problematic_images": {}}', 'multi-label'],
    ['listed', '\ufeff \n{"a.jpg": 1}', 'image-labels'],
    ['listed', '[{"file": "a.jpg", "labels": [1]}]', 'image-labels'],
  ])('knows %s labels by what is in the file', async (_, text, form) => {
    const path = fileOf(text);
    expect(await readLabels(path, 'authors')).toMatchObject({ form, path });
  });

  it('reads CSV with a byte order mark', async () => {
    const path = fileOf('\ufefffile,labels\na.jpg,7\n', 'labels.csv');
    const rows = [{ file: 'a.jpg', labels: [7] }];
    expect(await readLabels(path, 'authors')).toEqual({ form: 'image-labels', path, rows });
  });

  it.each([
    ['metadata.jsonl', '{"file_name": "a.jpg", "label": 7}\n'],
    ['metadata.jsonl', '{"file_name": "a.jpg", "labels": [7], "k": 1}\n\n'],
    ['labels.txt', '{"file": "a.jpg", "label": "7"}\r\n{"file": "b", "label": 8}\r\n'],
    ['labels.json', '[{"filename": "a.jpg", "label": 7}]'],
    ['labels.csv', 'filename,label\na.jpg,7\n'],
    ['metadata.csv', 'id,file_name,width,labels\n0,a.jpg,500,7\n'],
  ])('reads %s with %j', async (name, text) => {
    const labels = await readLabels(fileOf(text, name), 'authors');
    const first = { file: 'a.jpg', labels: [7] };
    expect(labels.form === 'image-labels' && labels.rows[0]).toEqual(first);
  });

  it.each([
    ['a file', '{"65/0.jpeg": 1, "a": [2], "65/0.jpeg": 3}', '"65/0.jpeg" is listed twice'],
    ['a key in another spelling', '{"a": 1, "\\u0061": 2}', '"a" is listed twice'],
    [
      'an annotation',
      '{"initial_annots": {"x": {}, "y": {}, "x": {}}, "problematic_images": {}}',
      '"x" is listed twice',
    ],
    ['a field', '[{"file": "a", "labels": 1, "labels": 2}]', '"labels" is listed twice'],
  ])('refuses JSON that has %s twice', async (_, text, says) => {
    await expect(readLabels(fileOf(text), 'authors')).rejects.toMatchObject({
      code: 'labels-duplicate-file',
      message: expect.stringContaining(says) as unknown,
    });
  });

  it('names the line of JSON Lines', async () => {
    const lines = ['{"file_name": "a", "labels": [1]}', '{"file_name": "b", "labels": [1000]}'];
    const path = fileOf(lines.join('\n'), 'metadata.jsonl');
    await expect(readLabels(path, 'authors')).rejects.toMatchObject({
      code: 'labels-unknown-class',
      place: 'line 2',
    });
    const cut = fileOf(`${lines[0]}\n{"file_name": "b"`, 'metadata.jsonl');
    await expect(readLabels(cut, 'authors')).rejects.toMatchObject({
      code: 'labels-not-json',
      place: 'line 2',
    });
  });

  it('applies the rule to multi-labels', async () => {
    const annotations = { a: { correct: ['n01440764'], unclear: ['n01443537'] } };
    const path = fileOf(JSON.stringify({ initial_annots: annotations, problematic_images: [] }));
    for (const [rule, labels] of [
      ['authors', [0]],
      ['tfds', [0, 1]],
    ] as const) {
      const read = await readLabels(path, rule);
      expect(read.form === 'multi-label' && read.multiLabels.labelsOf(['a'])).toEqual([labels]);
    }
  });

  it.each([
    ['JSON that is cut off', '{"a.jpg": 1', 'labels-not-json'],
    ['a number', '5', 'labels-not-json'],
    ['text', 'labels', 'labels-not-json'],
    ['lists too deep for any reader', '['.repeat(200_000), 'labels-not-json'],
    ['a list of lists that is too short', '[[1], [2]]', 'labels-real-length'],
    ['a list of classes', '[1, 2]', 'labels-file-name'],
    ['an empty object', '{}', 'labels-empty'],
    ['nothing', '', 'labels-empty'],
    ['blanks', ' \n\n', 'labels-empty'],
    ['UTF-16', Buffer.from('\ufeff{"a": 1}', 'utf16le'), 'labels-not-text'],
  ])('refuses %s', async (_, text, code) => {
    const path = fileOf(text);
    await expect(readLabels(path, 'authors')).rejects.toMatchObject({
      name: 'EvaluationError',
      code,
      path,
    });
  });

  it('refuses a file that is too large to be labels, unread', async () => {
    const path = fileOf('{}');
    truncateSync(path, 2 ** 32);
    await expect(readLabels(path, 'authors')).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'labels-too-large',
      path,
    });
  });

  it('says that it is a folder, or not there', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'labels'));
    await expect(readLabels(join(folder, 'labels'), 'authors')).rejects.toMatchObject({
      code: 'labels-not-a-file',
    });
    const path = join(folder, 'none.json');
    await expect(readLabels(path, 'authors')).rejects.toMatchObject({ code: 'enoent', path });
  });
});

/** 50,000 empty lists, with these in place of the first. */
function listsOf(...first: unknown[]): unknown[] {
  return [...first, ...Array.from({ length: 50_000 - first.length }, () => [])];
}

describe('parseRealLabels', () => {
  it('gives the labels of each image, ascending and each once', () => {
    const labels = parseRealLabels(listsOf([999, 0, 999], [7], []), 'real.json');
    expect(labels.slice(0, 3)).toEqual([[0, 999], [7], []]);
    expect(labels).toHaveLength(50_000);
  });

  it.each([0, 1, 49_999, 50_001])('refuses %d lists', (length) => {
    const lists = Array.from({ length }, () => []);
    expect(thrownBy(() => parseRealLabels(lists, 'real.json'))).toMatchObject({
      name: 'EvaluationError',
      code: 'labels-real-length',
      path: 'real.json',
      message: expect.stringContaining(`expected 50000 lists of labels, got ${length}`) as unknown,
    });
  });

  it.each([-1, 1000, 0.5, 1e300, null, true, [[1]], { a: 1 }, 'x', 'n00000000', '1000'])(
    'refuses %j as a class, and names the entry',
    (label) => {
      const lists = listsOf([1], [2, label]);
      expect(thrownBy(() => parseRealLabels(lists, 'real.json'))).toMatchObject({
        name: 'EvaluationError',
        code: 'labels-unknown-class',
        place: 'entry 1 (counted from 0)',
        message: expect.stringContaining('expected a class index 0 to 999') as unknown,
      });
    },
  );

  it.each([5, null, 'n01440764', {}])('refuses %j as a list of labels', (list) => {
    expect(thrownBy(() => parseRealLabels(listsOf([], [], list), 'real.json'))).toMatchObject({
      code: 'labels-not-a-list',
      place: 'entry 2 (counted from 0)',
    });
  });
});

describeWithShared("ReaL's own labels", () => {
  const read = (): number[][] =>
    parseRealLabels(JSON.parse(readFileSync(sharedInput.real, 'utf8')) as unknown[], 'real.json');

  it('have the known numbers of labels', () => {
    const images = Array.from({ length: 10 }, () => 0);
    for (const { length } of read()) images[length]! += 1;
    expect(images).toEqual([3163, 39_394, 5408, 1319, 411, 161, 88, 41, 13, 2]);
  });

  it('hold the original label of 42,164 of the 46,837 labelled images', async () => {
    const originals = await readOriginalLabels(sharedInput.csv);
    const labelled = read().flatMap((labels, i) => (labels.length > 0 ? [{ labels, i }] : []));
    expect(labelled).toHaveLength(46_837);
    expect(labelled.filter(({ labels, i }) => labels.includes(originals[i]!))).toHaveLength(42_164);
  });
});
