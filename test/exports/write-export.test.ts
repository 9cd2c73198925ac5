import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Dataset, readDataset } from '../../src/dataset/dataset.js';
import { AbortedError, DatasetError, OutputError } from '../../src/errors.js';
import { EXPORT_NAMES, writeExport } from '../../src/exports/exports.js';
import type { Progress } from '../../src/progress.js';
import { makeDataset } from '../support/made-dataset.js';
import { contentsOf, openWorkspace, pathsIn, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
});

/** The dataset with its first rows only, as if it were damaged. */
async function shortened(): Promise<Dataset> {
  const folder = newFolder('short');
  cpSync(dataset.folder, folder, { recursive: true });
  const path = join(folder, 'metadata.jsonl');
  const rows = readRows(path).slice(0, 5);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return readDataset(folder);
}

describe.each(EXPORT_NAMES)('An export as %s', (name) => {
  test('has the same bytes when it is made again, and when it is made over itself', async () => {
    const first = newFolder('first');
    const second = newFolder('second');
    await writeExport(name, dataset, first, { shardSize: 7 });
    await writeExport(name, dataset, second, { shardSize: 7 });
    expect(Object.keys(contentsOf(first)).length).toBeGreaterThan(0);
    expect(contentsOf(second)).toEqual(contentsOf(first));
    await writeExport(name, dataset, second, { shardSize: 7 });
    expect(contentsOf(second)).toEqual(contentsOf(first));
  });

  test('leaves the dataset as it is', async () => {
    const before = contentsOf(dataset.folder);
    await writeExport(name, dataset, newFolder('out'));
    expect(contentsOf(dataset.folder)).toEqual(before);
  });

  test('reports its progress and can be stopped', async () => {
    const seen: Progress[] = [];
    await writeExport(name, dataset, newFolder('out'), { onProgress: (step) => seen.push(step) });
    expect(seen.at(-1)).toEqual({ stage: 'release', done: 24, total: 24, unit: 'images' });
    const folder = newFolder('stopped');
    const stopped = writeExport(name, dataset, folder, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
    expect(pathsIn(folder).filter((path) => /[.](tmp|parquet|tar|json|csv)$/.test(path))).toEqual(
      name === 'csv' ? ['classes.csv'] : [],
    );
  });

  test('refuses a dataset that has fewer rows than it says', async () => {
    const short = await shortened();
    const made = writeExport(name, short, newFolder('out'));
    await expect(made).rejects.toThrow(DatasetError);
    await expect(made).rejects.toThrow('its metadata has 5 rows, dataset.json says 24');
  });
});

describe('An export with images in it', () => {
  test.each(['parquet', 'webdataset', 'yolo'] as const)(
    'as %s names an image that is not there',
    async (name) => {
      const folder = newFolder('lacking');
      cpSync(dataset.folder, folder, { recursive: true });
      rmSync(join(folder, 'images', 'k2-000003.png'));
      const made = writeExport(name, await readDataset(folder), newFolder('out'));
      await expect(made).rejects.toThrow(OutputError);
      await expect(made).rejects.toThrow('k2-000003.png');
    },
  );
});

describe('A shard size', () => {
  test.each([0, -1, 1.5, NaN])('of %d is refused', async (shardSize) => {
    const made = writeExport('webdataset', dataset, newFolder('out'), { shardSize });
    await expect(made).rejects.toThrow('expected a shard size of 1 image or more');
  });
});
