import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import type { Finding } from '../../src/dataset/verify.js';
import { writeExport } from '../../src/exports/exports.js';
import { type ParquetSchema, parquetSchemaOf } from '../../src/exports/row-schema.js';
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
    const files = ['data/val-00000-of-00002.parquet', 'data/val-00001-of-00002.parquet'];
    expect(pathsIn(folder)).toEqual(['data', ...files]);
    const read = await Promise.all(files.map((file) => readShard(join(folder, file))));
    expect(read.flat()).toEqual(
      rows.map(({ file_name, ...row }) => ({
        image: {
          bytes: readFileSync(join(dataset.folder, file_name)),
          path: basename(file_name),
        },
        ...row,
      })),
    );
  });

  test('has as many shards as its size makes necessary for each number of objects', async () => {
    const folder = newFolder('shards');
    await writeExport('parquet', dataset, folder, { shardSize: 10 });
    const shards = [0, 1, 2, 3].map((at) => join(folder, `data/val-0000${at}-of-00004.parquet`));
    const ids = await Promise.all(shards.map(readShard));
    expect(ids.map(({ length }) => length)).toEqual([10, 2, 10, 2]);
    expect(ids.map((shard) => [...new Set(shard.map(({ k }) => k))])).toEqual([[2], [2], [3], [3]]);
    expect(ids.flat().map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  });

  test('passes its check where a shard has several numbers of objects, as in 0.1', async () => {
    const { elements, columns, features: huggingface, valuesOf } = schema();
    const values = rows.map(valuesOf);
    const images = rows.map(({ file_name }) => ({
      bytes: readFileSync(join(dataset.folder, file_name)),
      path: basename(file_name),
    }));
    const found = await findingsAfter('parquet', dataset, newFolder('0.1'), async (copy) => {
      for (const shard of pathsIn(join(copy, 'data'))) rmSync(join(copy, 'data', shard));
      const path = join(copy, 'data/val-00000-of-00001.parquet');
      const output = await openParquetOutput(path, elements, { metadata: { huggingface } });
      const rest = columns.map((name) => ({ name, data: values.map((row) => row[name]) }));
      await output.writeGroup([{ name: 'image', data: images }, ...rest]);
      await output.close();
    });
    expect(found).toEqual([]);
  });

  test('is refused where dataset.json counts other images of a number of objects', async () => {
    const counts = { 2: 11, 3: 13 };
    const other = { ...dataset, summary: { ...dataset.summary, counts } };
    await expect(writeExport('parquet', other, newFolder('counts'))).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'dataset-invalid',
      message: expect.stringContaining('k2-000011 has 2 objects'),
    });
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
    const file = await asyncBufferFromFile(join(folder, 'data/val-00000-of-00002.parquet'));
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
    expect(pathsIn(folder)).toContain('data/_matched_frequency-00000-of-00002.parquet');
  });
});

const SHARD = 'data/val-00000-of-00004.parquet';

/** What is found after the export was made of a dataset whose rows are others. */
function withRows(change: (row: MetadataRow) => MetadataRow): Promise<Finding[]> {
  return findingsAfter('parquet', dataset, newFolder('rows'), async (copy) => {
    const rows = async function* (): AsyncGenerator<MetadataRow> {
      for await (const row of dataset.rows()) yield change(row);
    };
    await writeExport('parquet', { ...dataset, rows }, copy, { shardSize: 10 });
  });
}

function schema(): ParquetSchema {
  return parquetSchemaOf(dataset.fields);
}

/** What is found after the first shard was written with this schema, metadata and column. */
function withShard(
  schema: ParquetSchema['elements'],
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
    expect(found[0]).toMatchObject({ problem: 'changed', file: 'data/val-00002-of-00004.parquet' });
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
    const { elements, features: huggingface } = schema();
    const column = { name: 'id', data: ['x'] };
    const columns = await withShard(elements.slice(3, 4), { huggingface }, [column]);
    expect(columns[0]?.detail).toMatch('its columns differ');
    const features = await withShard(elements, { huggingface: '{}' });
    expect(features[0]?.detail).toMatch('its features differ');
  });

  test('with no rows lacks them', async () => {
    const { elements, features: huggingface } = schema();
    const found = await withShard(elements, { huggingface });
    expect(found).toEqual([
      { problem: 'missing', file: SHARD, detail: 'row of k2-000000 and the 9 after it' },
    ]);
  });

  test('with a row group too large to be held is not read', async () => {
    const rows = Array.from({ length: 101 }, () => 'x');
    const nulls = rows.map(() => null);
    const { elements, columns, features: huggingface } = schema();
    const found = await withShard(
      elements,
      { huggingface },
      ['image', ...columns].map((name) => ({ name, data: nulls })),
    );
    expect(found[0]?.detail).toMatch('it has a row group of more than 100 rows');
  });

  test('with nulls in place of values is found out', async () => {
    const { elements, columns, features: huggingface } = schema();
    const found = await withShard(
      elements,
      { huggingface },
      ['image', ...columns].map((name) => ({ name, data: [null] })),
    );
    expect(found).toEqual([
      { problem: 'extra', file: SHARD, detail: 'row of "undefined"' },
      { problem: 'missing', file: SHARD, detail: 'row of k2-000000 and the 9 after it' },
    ]);
  });
});
