import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { parse } from 'yaml';
import type { DatasetLock } from '../../src/dataset/dataset.js';
import * as row from '../../src/dataset/row.js';
import { digestOfFiles } from '../support/older-dataset.js';
import { openWorkspace, readJson, readRows, sha256Of } from '../support/workspace.js';

/** One edit: a column that no row has had until now. */
const words = {
  shape: row.ROW_FIELDS.wnids.shape,
  part: 'labels',
  description: 'Words about the image.',
} satisfies row.RowFields[string];
jest.unstable_mockModule('../../src/dataset/row.js', () => ({
  ...row,
  ROW_FIELDS: { ...row.ROW_FIELDS, words },
}));

const { lockDigest } = await import('../../src/dataset/dataset.js');
const library = await import('../../src/index.js');
const { makeDataset } = await import('../support/made-dataset.js');

const newFolder = openWorkspace();
const RELEASE = { version: '1.0.0', exports: library.EXPORT_NAMES };
let dataset: string;
let release: string;

beforeAll(async () => {
  dataset = (await makeDataset(newFolder('dataset'))).folder;
  writeWords(dataset, 'a picture');
  const made = await library.releaseDataset({ dataset, to: newFolder('to'), ...RELEASE });
  release = made.folder;
});

/** Puts the column into the metadata, and into the lock what the metadata then is. */
function writeWords(folder: string, text: string): void {
  const path = join(folder, 'metadata.jsonl');
  const rows = readRows<row.MetadataRow>(path).map((fields) => ({
    ...fields,
    words: text.split(' '),
  }));
  writeFileSync(path, rows.map((fields) => `${JSON.stringify(fields)}\n`).join(''));
  const lockPath = join(folder, 'patchml.lock.json');
  const lock = readJson<DatasetLock>(lockPath);
  lock.files['metadata.jsonl'] = sha256Of(path);
  const images = rows.map(({ file_name, sha256 }) => [file_name, sha256] as const);
  lock.dataset = digestOfFiles({ ...lock.files, ...Object.fromEntries(images) });
  lock.lock = lockDigest(lock);
  writeFileSync(lockPath, JSON.stringify(lock));
}

describe('A column that is added to the table of a row', () => {
  test('is checked in the metadata', async () => {
    const folder = newFolder('other');
    cpSync(dataset, folder, { recursive: true });
    const path = join(folder, 'metadata.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"words":["a"', '"words":[1'));
    const { rows } = await library.readDataset(folder);
    await expect(rows()[Symbol.asyncIterator]().next()).rejects.toThrow('line 1: words.0: ');
  });

  test('makes a complete release, whose exports all pass their checks', async () => {
    expect((await library.verifyRelease({ release })).findings).toEqual([]);
  });

  test('is in the Parquet export, with its features', async () => {
    const path = join(release, 'exports/parquet/data/val-00000-of-00002.parquet');
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    expect(rows.map(({ words: got }) => got as unknown)).toEqual(rows.map(() => ['a', 'picture']));
    const features = '"words":{"feature":{"dtype":"string","_type":"Value"},"_type":"Sequence"}';
    expect(readFileSync(path, 'latin1')).toContain(features);
  });

  test('is in the JSON of the WebDataset export', () => {
    const shard = readFileSync(join(release, 'exports/webdataset/patchml-000000.tar'), 'latin1');
    expect(shard.match(/"words":\["a","picture"\]/g)).toHaveLength(24);
  });

  test('is in the dataset card and in Croissant', () => {
    const card = readFileSync(join(release, 'README.md'), 'utf8').split('---\n')[1]!;
    const { configs } = parse(card) as { configs: { features: object[] }[] };
    expect(configs[0]!.features).toContainEqual({ name: 'words', sequence: 'string' });
    const { recordSet } = readJson<{ recordSet: { field: object[] }[] }>(
      join(release, 'croissant.json'),
    );
    expect(recordSet[0]!.field).toContainEqual(
      expect.objectContaining({
        '@id': 'images/words',
        description: 'Words about the image.',
        dataType: 'sc:Text',
        repeated: true,
      }),
    );
  });

  test('counts when two datasets are compared', async () => {
    const other = newFolder('other');
    cpSync(dataset, other, { recursive: true });
    writeWords(other, 'another picture');
    const { images } = await library.diffDatasets({ before: dataset, after: other });
    expect(images.changedLabels).toHaveLength(24);
    expect(images.changedPixels).toEqual([]);
  });
});
