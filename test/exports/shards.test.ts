import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { Finding } from '../../src/dataset/verify.js';
import { writeExport } from '../../src/exports/exports.js';
import { findingsAfter, makeDataset } from '../support/made-dataset.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
});

/** Of 10 images and fewer: three, and four of the Parquet export, which has a file for each k. */
const FORMATS = [
  ['parquet', (shard: number) => `data/val-0000${shard}-of-00004.parquet`, 'row of'],
  ['webdataset', (shard: number) => `patchml-00000${shard}.tar`, 'image'],
] as const;

describe.each(FORMATS)('The shards of a %s export', (name, shard, noun) => {
  function after(damage: (copy: string) => unknown): Promise<Finding[]> {
    return findingsAfter(name, dataset, newFolder(name), damage);
  }

  test('of which one is missing: it is named, and none of its images', async () => {
    const found = await after((copy) => {
      rmSync(join(copy, shard(1)));
    });
    expect(found).toEqual([{ problem: 'missing', file: shard(1) }]);
  });

  test('of which two are missing, one after the other, are one finding', async () => {
    const found = await after((copy) => {
      for (const number of [0, 1]) rmSync(join(copy, shard(number)));
    });
    expect(found).toEqual([{ problem: 'missing', file: shard(0), detail: 'and the 1 after it' }]);
  });

  test('of which one has another name are found out', async () => {
    const found = await after((copy) => {
      renameSync(join(copy, shard(1)), join(copy, `${shard(1)}.old`));
    });
    expect(found).toEqual([
      { problem: 'missing', file: shard(1) },
      { problem: 'extra', file: `${shard(1)}.old` },
    ]);
  });

  test.each([0, 1, 2])('of which number %i cannot be read are one finding', async (number) => {
    const file = shard(number);
    for (const bytes of [undefined, Buffer.alloc(4096, 'x'), Buffer.alloc(0)]) {
      const found = await after((copy) => {
        if (bytes) writeFileSync(join(copy, file), bytes);
        else truncateSync(join(copy, file), 5000);
      });
      expect(found).toEqual([
        { problem: 'invalid', file, detail: expect.stringMatching(/complete|for its members/) },
      ]);
    }
  });

  test('that were made of fewer images lack a run of them, which is one finding', async () => {
    const found = await after(async (copy) => {
      const rows = async function* (): ReturnType<Dataset['rows']> {
        for await (const row of dataset.rows()) if (!/k2-00000[3-6]/.test(row.id)) yield row;
      };
      const { counts } = dataset.summary;
      const summary = {
        ...dataset.summary,
        images: 20,
        counts: { ...counts, 2: counts['2']! - 4 },
      };
      rmSync(copy, { recursive: true });
      await writeExport(name, { ...dataset, summary, rows }, copy, { shardSize: 10 });
    });
    expect(found[0]).toMatchObject({
      problem: 'missing',
      detail: `${noun} k2-000003 and the 3 after it`,
    });
    expect(found.filter(({ file }) => file === found[0]!.file)).toHaveLength(1);
  });
});
