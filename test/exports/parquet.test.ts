import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import type { Finding } from '../../src/dataset/verify.js';
import { writeExport } from '../../src/exports/exports.js';
import { huggingFaceFeatures, PARQUET_SCHEMA } from '../../src/exports/row-schema.js';
import { openParquetOutput, type OutputColumn } from '../../src/files/parquet.js';
import { findingsAfter, makeDataset } from '../support/made-dataset.js';
import { openWorkspace, pathsIn, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;
let rows: MetadataRow[];

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
  rows = readRows(join(dataset.folder, 'metadata.jsonl'));
});

/** The export's rows, with whole numbers as numbers. */
async function readShard(path: string): Promise<Record<string, unknown>[]> {
  const file = await asyncBufferFromFile(path);
  const read = await parquetReadObjects({ file, utf8: false });
  return read.map(plain) as Record<string, unknown>[];
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

describe('A Parquet export', () => {
  test('holds the metadata and the bytes of every image, in order', async () => {
    const folder = newFolder('whole');
    await writeExport('parquet', dataset, folder);
    expect(pathsIn(folder)).toEqual(['data', 'data/val-00000-of-00001.parquet']);
    const read = await readShard(join(folder, 'data/val-00000-of-00001.parquet'));
    expect(read).toEqual(
      rows.map(({ file_name, ...row }) => ({
        image: {
          bytes: readFileSync(join(dataset.folder, file_name)),
          path: basename(file_name),
        },
        ...row,
      })),
    );
  });

  test('has as many shards as its size makes necessary, the last one smaller', async () => {
    const folder = newFolder('shards');
    await writeExport('parquet', dataset, folder, { shardSize: 10 });
    const shards = [0, 1, 2].map((shard) => join(folder, `data/val-0000${shard}-of-00003.parquet`));
    const ids = await Promise.all(shards.map(readShard));
    expect(ids.map(({ length }) => length)).toEqual([10, 10, 4]);
    expect(ids.flat().map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  });

  test('has no empty shard behind a full one', async () => {
    const folder = newFolder('full');
    await writeExport('parquet', dataset, folder, { shardSize: 12 });
    expect(pathsIn(folder).slice(1)).toEqual([
      'data/val-00000-of-00002.parquet',
      'data/val-00001-of-00002.parquet',
    ]);
  });

  test('declares its features for Hugging Face datasets', async () => {
    const folder = newFolder('features');
    await writeExport('parquet', dataset, folder);
    const file = await asyncBufferFromFile(join(folder, 'data/val-00000-of-00001.parquet'));
    const { key_value_metadata: pairs } = await parquetMetadataAsync(file);
    const { info } = JSON.parse(pairs?.[0]?.value ?? '') as {
      info: { features: Record<string, { _type?: string; feature?: { names?: string[] } }> };
    };
    expect(pairs?.[0]?.key).toBe('huggingface');
    expect(info.features['image']).toEqual({ _type: 'Image' });
    expect(new Set(info.features['labels']?.feature?.names).size).toBe(1000);
  });

  test('is named after the split, made fit for a file name', async () => {
    const folder = newFolder('split');
    const { summary } = dataset;
    const source = { ...summary.recipe.source, split: '../matched frequency' };
    const other = { ...dataset, summary: { ...summary, recipe: { ...summary.recipe, source } } };
    await writeExport('parquet', other, folder);
    expect(pathsIn(folder)).toContain('data/_matched_frequency-00000-of-00001.parquet');
  });
});

const SHARD = 'data/val-00000-of-00003.parquet';

/** What is found after the export was made of a dataset whose rows are others. */
function withRows(change: (row: MetadataRow) => MetadataRow): Promise<Finding[]> {
  return findingsAfter('parquet', dataset, newFolder('rows'), async (copy) => {
    const rows = async function* (): AsyncGenerator<MetadataRow> {
      for await (const row of dataset.rows()) yield change(row);
    };
    await writeExport('parquet', { ...dataset, rows }, copy, { shardSize: 10 });
  });
}

/** What is found after the first shard was written with this schema, metadata and column. */
function withShard(
  schema: typeof PARQUET_SCHEMA,
  metadata: Record<string, string>,
  columns: OutputColumn[] = [],
): Promise<Finding[]> {
  return findingsAfter('parquet', dataset, newFolder('shard'), async (copy) => {
    const output = await openParquetOutput(join(copy, SHARD), schema, { metadata });
    if (columns.length > 0) await output.writeGroup(columns);
    await output.close();
  });
}

describe('A Parquet shard', () => {
  test('with another label is found out, with what was expected', async () => {
    const found = await withRows((row) =>
      row.id === 'k3-000002' ? { ...row, labels: [7, 8] } : row,
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ problem: 'changed', file: 'data/val-00001-of-00003.parquet' });
    expect(found[0]?.detail).toMatch(/^row of k3-000002, labels: expected "\[.*", got "\[7,8\]"$/);
  });

  test('with another box is found out', async () => {
    const found = await withRows((row) => {
      const [, ...bbox] = row.objects.bbox;
      const objects = { ...row.objects, bbox: [[1, 2, 3, 4] as const, ...bbox].map((b) => [...b]) };
      return row.id === 'k2-000001' ? ({ ...row, objects } as MetadataRow) : row;
    });
    expect(found).toMatchObject([
      { problem: 'changed', detail: expect.stringMatching('row of k2-000001, objects: ') },
    ]);
  });

  test('with the image of another row is found out', async () => {
    const found = await withRows((row) =>
      row.id === 'k2-000001' ? { ...row, file_name: 'images/k2-000000.png' } : row,
    );
    expect(found.map(({ problem, detail }) => `${problem} ${detail}`)).toEqual([
      'extra row of "k2-000000.png"',
      'missing row of k2-000001',
    ]);
  });

  test('of other columns, or with other features declared, is not read', async () => {
    const huggingface = huggingFaceFeatures();
    const column = { name: 'id', data: ['x'] };
    const columns = await withShard(PARQUET_SCHEMA.slice(3, 4), { huggingface }, [column]);
    expect(columns[0]?.detail).toMatch('it has other columns');
    const features = await withShard(PARQUET_SCHEMA, { huggingface: '{}' });
    expect(features[0]?.detail).toMatch('it declares other features');
  });

  test('with no rows lacks them', async () => {
    const found = await withShard(PARQUET_SCHEMA, { huggingface: huggingFaceFeatures() });
    expect(found).toEqual([
      { problem: 'missing', file: SHARD, detail: 'row of k2-000000 and the 9 after it' },
    ]);
  });

  test('with a row group too large to be held is not read', async () => {
    const rows = Array.from({ length: 101 }, () => 'x');
    const nulls = rows.map(() => null);
    const found = await withShard(
      PARQUET_SCHEMA,
      { huggingface: huggingFaceFeatures() },
      ['image', 'id', 'k', 'labels', 'wnids', 'objects', 'sha256', 'pixels_sha256'].map((name) => ({
        name,
        data: nulls,
      })),
    );
    expect(found[0]?.detail).toMatch('it has a row group of more than 100 rows');
  });

  test('with nulls in place of values is found out', async () => {
    const found = await withShard(
      PARQUET_SCHEMA,
      { huggingface: huggingFaceFeatures() },
      ['image', 'id', 'k', 'labels', 'wnids', 'objects', 'sha256', 'pixels_sha256'].map((name) => ({
        name,
        data: [null],
      })),
    );
    expect(found).toEqual([
      { problem: 'extra', file: SHARD, detail: 'row of "undefined"' },
      { problem: 'missing', file: SHARD, detail: 'row of k2-000000 and the 9 after it' },
    ]);
  });
});
