// What every format must do; a file for each format tests what is its own.

import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { extname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Dataset, readDataset } from '../../src/dataset/dataset.js';
import type { Finding } from '../../src/dataset/verify.js';
import { AbortedError, DatasetError, OutputError } from '../../src/errors.js';
import { EXPORT_NAMES, verifyExport, writeExport } from '../../src/exports/exports.js';
import type { Progress } from '../../src/progress.js';
import { makeDataset } from '../support/made-dataset.js';
import { collect } from '../support/unit-errors.js';
import { contentsOf, openWorkspace, pathsIn, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
});

/** What every format of an export must do. */
describe.each(EXPORT_NAMES)('An export as %s', (name) => {
  let made: string;

  beforeAll(async () => {
    made = newFolder('made');
    await writeExport(name, dataset, made, { shardSize: 10 });
  });

  /** What is found in a copy of the export after it was damaged. */
  function after(damage: (copy: string) => unknown): Promise<Finding[]> {
    const copy = newFolder('copy');
    cpSync(made, copy, { recursive: true });
    damage(copy);
    return collect(verifyExport(name, dataset, copy));
  }

  /** The first and the last file of each kind. */
  function someFiles(): string[] {
    const files = readdirSync(made, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(made, path)).isFile())
      .sort();
    const kinds = [...new Set(files.map((file) => extname(file)))].map((kind) =>
      files.filter((file) => extname(file) === kind),
    );
    return [...new Set(kinds.flatMap((kind) => [kind.at(0)!, kind.at(-1)!]))];
  }

  test.each([1, 10, 24, 1000])('passes its check, %i images a shard', async (shardSize) => {
    const folder = newFolder('out');
    await writeExport(name, dataset, folder, { shardSize });
    expect(await collect(verifyExport(name, dataset, folder))).toEqual([]);
  });

  test('has the same bytes when it is made again, and when it is made over itself', async () => {
    const [first, second] = [newFolder('first'), newFolder('second')];
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

  test('of which a file is cut off, anywhere, is one finding that names the file', async () => {
    for (const file of someFiles()) {
      const { size } = statSync(join(made, file));
      for (const length of [0, 1, Math.floor(size / 2), size - 1]) {
        const found = await after((copy) => {
          // A copy of its own: an image may be the dataset's very file.
          rmSync(join(copy, file));
          writeFileSync(join(copy, file), readFileSync(join(made, file)));
          truncateSync(join(copy, file), length);
        });
        expect(found).toMatchObject([{ file }]);
        expect(found[0]!.problem).toMatch(/^(changed|invalid|missing)$/);
        const isImage = extname(file) === '.png'; // of which only the digest says anything
        expect(found[0]!.detail ?? '').toMatch(isImage ? '' : /\S/);
      }
    }
  });

  test('with another value anywhere is found out, and the file is named', async () => {
    for (const file of someFiles()) {
      const found = await after((copy) => {
        const bytes = readFileSync(join(made, file));
        bytes[Math.floor(bytes.length / 2)]! ^= 1;
        rmSync(join(copy, file));
        writeFileSync(join(copy, file), bytes);
      });
      expect(found.length).toBeGreaterThan(0);
      expect(new Set(found.map((finding) => finding.file))).toEqual(new Set([file]));
    }
  });

  test('without one of its files is one finding', async () => {
    for (const file of someFiles()) {
      const found = await after((copy) => {
        rmSync(join(copy, file));
      });
      expect(found).toHaveLength(1);
      expect(found[0]!.problem).toBe('missing');
      // Nothing says how many tar archives there must be: the one before lacks the last images.
      if (name !== 'webdataset' || file !== someFiles().at(-1)) expect(found[0]!.file).toBe(file);
      else expect(found[0]!.detail).toBe('image k3-000008 and the 3 after it');
    }
  });

  test('with files that do not belong to it is found out', async () => {
    const found = await after((copy) => {
      writeFileSync(join(copy, 'run.sh'), 'x');
      symlinkSync('/etc/passwd', join(copy, 'users'));
    });
    expect(found).toEqual([
      { problem: 'extra', file: 'run.sh' },
      { problem: 'extra', file: 'users', detail: 'link-leads-out' },
    ]);
  });

  test('that is not there is one finding', async () => {
    const found = collect(verifyExport(name, dataset, join(newFolder('none'), 'none')));
    expect(await found).toEqual([{ problem: 'missing', file: '.' }]);
  });

  test('with nothing in it lacks its files, and nothing is thrown', async () => {
    const found = await collect(verifyExport(name, dataset, newFolder('empty')));
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({ problem }) => problem === 'missing')).toBe(true);
  });

  test('is made with progress, and can be stopped', async () => {
    const seen: Progress[] = [];
    await writeExport(name, dataset, newFolder('out'), { onProgress: (step) => seen.push(step) });
    expect(seen.at(-1)).toMatchObject({ stage: 'release', step: name, done: 24, total: 24 });
    const folder = newFolder('stopped');
    const stopped = writeExport(name, dataset, folder, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
    expect(pathsIn(folder).filter((path) => /[.](tmp|parquet|tar|json|csv)$/.test(path))).toEqual(
      ['csv', 'csv-full'].includes(name) ? ['classes.csv'] : [],
    );
  });

  test('is checked with progress, and the check can be stopped', async () => {
    const seen: Progress[] = [];
    await collect(verifyExport(name, dataset, made, { onProgress: (step) => seen.push(step) }));
    expect(seen.at(-1)).toEqual({ stage: 'verify', done: 24, total: 24, unit: 'images' });
    const stopped = collect(verifyExport(name, dataset, made, { signal: AbortSignal.abort() }));
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
  });

  test('is not made of a dataset that has fewer rows than it says', async () => {
    const short = newFolder('short');
    cpSync(dataset.folder, short, { recursive: true });
    const path = join(short, 'metadata.jsonl');
    const rows = readRows(path).slice(0, 5);
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const out = writeExport(name, await readDataset(short), newFolder('out'));
    await expect(out).rejects.toThrow(DatasetError);
    await expect(out).rejects.toThrow('its metadata has 5 rows, but dataset.json says 24');
  });
});

describe('An export with images in it', () => {
  test.each(['parquet', 'webdataset', 'yolo'] as const)(
    'as %s names an image that is not there',
    async (name) => {
      const folder = newFolder('lacking');
      cpSync(dataset.folder, folder, { recursive: true });
      rmSync(join(folder, 'images', 'k2-000003.png'));
      const out = writeExport(name, await readDataset(folder), newFolder('out'));
      await expect(out).rejects.toThrow(OutputError);
      await expect(out).rejects.toThrow('k2-000003.png');
    },
  );
});

describe('A shard size', () => {
  test.each([0, -1, 1.5, NaN])('of %d is refused', async (shardSize) => {
    const made = writeExport('webdataset', dataset, newFolder('out'), { shardSize });
    await expect(made).rejects.toThrow('expected a shard size of at least 1 image');
  });
});
