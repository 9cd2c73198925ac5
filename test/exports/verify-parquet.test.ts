import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import type { Finding } from '../../src/dataset/verify.js';
import { writeParquet } from '../../src/exports/parquet.js';
import { huggingFaceFeatures, PARQUET_SCHEMA } from '../../src/exports/row-schema.js';
import { openParquetOutput, type OutputColumn } from '../../src/files/parquet.js';
import { findingsAfter, makeDataset } from '../support/made-dataset.js';
import { openWorkspace } from '../support/workspace.js';

const SHARD = 'data/val-00000-of-00003.parquet';
const newFolder = openWorkspace();
let dataset: Dataset;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
});

/** What is found after the export was made of a dataset whose rows are others. */
function withRows(change: (row: MetadataRow) => MetadataRow): Promise<Finding[]> {
  return findingsAfter('parquet', dataset, newFolder('rows'), async (copy) => {
    const rows = async function* (): AsyncGenerator<MetadataRow> {
      for await (const row of dataset.rows()) yield change(row);
    };
    await writeParquet({ ...dataset, rows }, copy, { shardSize: 10 });
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
    expect(found).toHaveLength(10);
    expect(found[0]).toMatchObject({ problem: 'missing', detail: 'row of k2-000000' });
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
    expect(found.filter(({ problem }) => problem === 'missing')).toHaveLength(10);
    expect(found[0]?.problem).toMatch(/^(extra|invalid)$/);
  });
});
