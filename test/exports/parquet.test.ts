import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { writeParquet } from '../../src/exports/parquet.js';
import { makeDataset } from '../support/made-dataset.js';
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
    await writeParquet(dataset, folder);
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
    await writeParquet(dataset, folder, { shardSize: 10 });
    const shards = [0, 1, 2].map((shard) => join(folder, `data/val-0000${shard}-of-00003.parquet`));
    const ids = await Promise.all(shards.map(readShard));
    expect(ids.map(({ length }) => length)).toEqual([10, 10, 4]);
    expect(ids.flat().map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  });

  test('has no empty shard behind a full one', async () => {
    const folder = newFolder('full');
    await writeParquet(dataset, folder, { shardSize: 12 });
    expect(pathsIn(folder).slice(1)).toEqual([
      'data/val-00000-of-00002.parquet',
      'data/val-00001-of-00002.parquet',
    ]);
  });

  test('declares its features for Hugging Face datasets', async () => {
    const folder = newFolder('features');
    await writeParquet(dataset, folder);
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
    await writeParquet(other, folder);
    expect(pathsIn(folder)).toContain('data/_matched_frequency-00000-of-00001.parquet');
  });
});
