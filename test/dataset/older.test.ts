// Datasets of patchml 0.1, for all that reads datasets.

import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { type Dataset, readDataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { verifyDataset } from '../../src/dataset/verify.js';
import { EXPORT_NAMES, exportDataset, verifyExport } from '../../src/exports/exports.js';
import { writeContactSheet } from '../../src/generate/contact-sheet.js';
import { inspect } from '../../src/generate/inspect.js';
import { regenerateSample } from '../../src/generate/regenerate-sample.js';
import { findStageFolders } from '../../src/generate/stage-folder.js';
import { diffDatasets } from '../../src/release/diff.js';
import { releaseDataset } from '../../src/release/release.js';
import { verifyRelease } from '../../src/release/verify-release.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { makeDataset } from '../support/made-dataset.js';
import { makeOlder } from '../support/older-dataset.js';
import { collect } from '../support/unit-errors.js';
import { openWorkspace, pathsIn, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let made: Dataset;
let older: string;
let rows: MetadataRow[];

beforeAll(async () => {
  made = await makeDataset(newFolder('made'));
  older = join(newFolder('older'), 'dataset');
  cpSync(made.folder, older, { recursive: true });
  makeOlder(older);
  rows = readRows(join(older, 'metadata.jsonl'));
});

describe('A dataset of patchml 0.1', () => {
  test('is whole, though nothing vouches for its lock', async () => {
    expect(pathsIn(older).filter((path) => !path.startsWith('images/'))).toEqual([
      'dataset.json',
      'images',
      'metadata.jsonl',
      'patchml.lock.json',
    ]);
    expect(await verifyDataset({ dataset: older })).toMatchObject({
      files: 26,
      images: 24,
      lockChecked: false,
      findings: [],
    });
  });

  test('has rows without names, and is refused where one has them', async () => {
    const dataset = await readDataset(older);
    expect(await collect(dataset.rows())).toEqual(rows);
    expect(rows[0]).not.toHaveProperty('label_names');
    const mixed = join(newFolder('mixed'), 'dataset');
    cpSync(older, mixed, { recursive: true });
    cpSync(join(made.folder, 'metadata.jsonl'), join(mixed, 'metadata.jsonl'));
    await expect(collect((await readDataset(mixed)).rows())).rejects.toMatchObject({
      code: 'metadata-invalid',
      place: 'line 1',
    });
  });

  test('is evaluated, inspected, drawn and made again', async () => {
    const { labels } = await openEvaluationSet({ dataset: older });
    expect(labels).toEqual(rows.map((row) => row.labels));
    expect(await inspect(older)).toMatchObject({ images: 24, counts: { 2: 12, 3: 12 } });
    await writeContactSheet({ dataset: older, out: join(newFolder('sheet'), 'sheet.png') });
    const work = join(made.folder, '..', 'work');
    const [pool] = await findStageFolders('pool', work, () => Promise.resolve(true));
    const { differing } = await regenerateSample({ dataset: older, pool: pool!, sample: 5 });
    expect(differing).toEqual([]);
  });

  test.each(EXPORT_NAMES)('is exported as %s, and the export passes its check', async (format) => {
    const out = join(newFolder('export'), format);
    await exportDataset({ dataset: older, format, out });
    expect(await collect(verifyExport(format, await readDataset(older), out))).toEqual([]);
  });

  test('has no column of names in its exports', async () => {
    const out = join(newFolder('export'), 'parquet');
    await exportDataset({ dataset: older, format: 'parquet', out });
    const path = join(out, 'data/val-00000-of-00002.parquet');
    const [first] = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    expect(Object.keys(first!)).toEqual(['image', ...Object.keys(rows[0]!).slice(1)]);
    expect(readFileSync(path, 'latin1')).not.toContain('label_names');
  });

  test.each([false, true])('is released, recipe-only %s', async (recipeOnly) => {
    const { folder } = await releaseDataset({
      dataset: older,
      version: '1.0.0',
      to: newFolder('to'),
      recipeOnly,
      exports: recipeOnly ? [] : EXPORT_NAMES,
    });
    expect((await verifyRelease({ release: folder })).findings).toEqual([]);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).not.toContain('label_names');
  });

  test('has the labels and the pixels of the dataset that is made of its recipe now', async () => {
    const { images, isSame } = await diffDatasets({ before: older, after: made.folder });
    expect(isSame).toBe(false);
    expect(images).toMatchObject({ unchanged: 24, changedLabels: [], changedPixels: [] });
  });
});

describe('A dataset of today', () => {
  test('has the names of its labels in their order, and of every class in classes.json', () => {
    const table = JSON.parse(readFileSync(join(made.folder, 'classes.json'), 'utf8')) as {
      class: number;
      wnid: string;
      name: string;
    }[];
    expect(table.map((row) => row.class)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(table[134]).toEqual({ class: 134, wnid: 'n02012849', name: 'crane (134)' });
    for (const row of readRows<MetadataRow>(join(made.folder, 'metadata.jsonl'))) {
      expect(row.label_names).toEqual(row.labels.map((label) => table[label]!.name));
      expect(row.wnids).toEqual(row.labels.map((label) => table[label]!.wnid));
    }
  });
});
