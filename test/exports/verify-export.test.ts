import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Dataset } from '../../src/dataset/dataset.js';
import type { Finding } from '../../src/dataset/verify.js';
import { AbortedError } from '../../src/errors.js';
import {
  EXPORT_NAMES,
  type ExportName,
  verifyExport,
  writeExport,
} from '../../src/exports/exports.js';
import type { Progress } from '../../src/progress.js';
import { findingsAfter, makeDataset } from '../support/made-dataset.js';
import { collect } from '../support/unit-errors.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
});

function after(name: ExportName, damage: (copy: string) => unknown): Promise<Finding[]> {
  return findingsAfter(name, dataset, newFolder(name), damage);
}

/** Replaces one text of a file by another. */
function edit(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(path, 'utf8');
  const edited = text.replace(from, to);
  expect(edited).not.toBe(text);
  writeFileSync(path, edited);
}

describe.each(EXPORT_NAMES)('An export as %s', (name) => {
  test.each([1, 10, 24, 1000])('is whole as it was made, %i images a shard', async (shardSize) => {
    const folder = newFolder('out');
    await writeExport(name, dataset, folder, { shardSize });
    expect(await collect(verifyExport(name, dataset, folder))).toEqual([]);
  });

  test('with files that do not belong to it is found out', async () => {
    const found = await after(name, (copy) => {
      writeFileSync(join(copy, 'run.sh'), 'x');
      symlinkSync('/etc/passwd', join(copy, 'users'));
    });
    expect(found).toEqual([
      { problem: 'extra', file: 'run.sh' },
      { problem: 'extra', file: 'users' },
    ]);
  });

  test('that is not there is one finding', async () => {
    const found = collect(verifyExport(name, dataset, join(newFolder('none'), 'none')));
    expect(await found).toEqual([{ problem: 'missing', file: '.' }]);
  });

  test('with nothing in it lacks files or rows, and nothing is thrown', async () => {
    const found = await collect(verifyExport(name, dataset, newFolder('empty')));
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({ problem }) => problem === 'missing')).toBe(true);
  });

  test('is checked with progress, and the check can be stopped', async () => {
    const folder = newFolder('out');
    await writeExport(name, dataset, folder);
    const seen: Progress[] = [];
    await collect(verifyExport(name, dataset, folder, { onProgress: (step) => seen.push(step) }));
    expect(seen.at(-1)).toEqual({ stage: 'verify', done: 24, total: 24, unit: 'images' });
    const stopped = collect(verifyExport(name, dataset, folder, { signal: AbortSignal.abort() }));
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
  });
});

describe('A changed COCO export', () => {
  test('with another class for an object is found out, with its line', async () => {
    const found = await after('coco', (copy) => {
      edit(join(copy, 'instances.json'), /("id":3,"image_id":\d+,"category_id":)\d+/, '$1999');
    });
    expect(found).toEqual([
      {
        problem: 'changed',
        file: 'instances.json',
        detail: expect.stringMatching(/^line \d+: expected ".*", got ".*999/),
      },
    ]);
  });

  test('without a line, or with one more, is told from one with a changed line', async () => {
    const lacking = await after('coco', (copy) => {
      edit(join(copy, 'instances.json'), /\{"id":2,"file_name".*\n/, '');
    });
    expect(lacking).toMatchObject([{ problem: 'missing', detail: expect.stringMatching('"id') }]);
    const more = await after('coco', (copy) => {
      edit(join(copy, 'instances.json'), '{"id":2,"file_name"', '{},\n{"id":2,"file_name"');
    });
    expect(more).toMatchObject([{ problem: 'extra', detail: expect.stringMatching('"{},"') }]);
  });

  test('that is one endless line, or no text at all, is found out', async () => {
    for (const bytes of [Buffer.alloc(8 << 20, 'x'), Buffer.alloc(1 << 16)]) {
      const found = await after('coco', (copy) => {
        writeFileSync(join(copy, 'instances.json'), bytes);
      });
      expect(found[0]).toMatchObject({ problem: 'changed', file: 'instances.json' });
      expect(found.every(({ detail = '' }) => detail.length < 400)).toBe(true);
    }
  });

  test('with a million lines more is not reported line by line', async () => {
    const found = await after('coco', (copy) => {
      appendFileSync(join(copy, 'instances.json'), '{}\n'.repeat(1_000_000));
    });
    expect(found).toHaveLength(1001);
    expect(found.at(-1)?.detail).toBe('it has more than 1000 findings, the others are not listed');
  });
});

describe('A changed CSV export', () => {
  test('with another label is found out', async () => {
    const found = await after('csv', (copy) => {
      edit(join(copy, 'labels.csv'), /,1\n/, ',0\n');
    });
    expect(found).toMatchObject([{ problem: 'changed', file: 'labels.csv' }]);
  });

  test('without one of its files is found out', async () => {
    const found = await after('csv', (copy) => {
      rmSync(join(copy, 'classes.csv'));
    });
    expect(found).toEqual([{ problem: 'missing', file: 'classes.csv' }]);
  });
});

describe('A changed YOLO export', () => {
  test('with another label, image or list of names is found out', async () => {
    const found = await after('yolo', (copy) => {
      edit(join(copy, 'labels/val/k2-000004.txt'), /^\d+/, '7');
      edit(join(copy, 'data.yaml'), 'tench', 'trench');
      writeFileSync(join(copy, 'images/val/k3-000001.png'), 'x');
      truncateSync(join(copy, 'labels/val/k3-000002.txt'), 0);
      writeFileSync(join(copy, 'labels/val/k3-000003.txt'), Buffer.alloc(1 << 20));
      rmSync(join(copy, 'images/val/k3-000004.png'));
    });
    expect(found.map(({ problem, file }) => `${problem} ${file}`)).toEqual([
      'changed data.yaml',
      'changed labels/val/k2-000004.txt',
      'changed images/val/k3-000001.png',
      'changed labels/val/k3-000002.txt',
      'changed labels/val/k3-000003.txt',
      'missing images/val/k3-000004.png',
    ]);
  });

  test('with a link out of the folder in place of an image does not follow it', async () => {
    const found = await after('yolo', (copy) => {
      rmSync(join(copy, 'images/val/k3-000004.png'));
      symlinkSync('/dev/zero', join(copy, 'images/val/k3-000004.png'));
    });
    expect(found).toEqual([
      { problem: 'missing', file: 'images/val/k3-000004.png' },
      { problem: 'extra', file: 'images/val/k3-000004.png' },
    ]);
  });
});

describe('Changed shards', () => {
  test.each([
    ['parquet', 'data/val-00001-of-00003.parquet'],
    ['webdataset', 'patchml-000001.tar'],
  ] as const)('of %s: one that is gone is named, and each image it held', async (name, file) => {
    const found = await after(name, (copy) => {
      rmSync(join(copy, file));
    });
    expect(found).toHaveLength(11);
    expect(found[0]).toEqual({ problem: 'missing', file });
    expect(found[1]?.detail).toMatch('k2-000010');
  });

  test.each([
    ['parquet', 'data/val-00002-of-00003.parquet'],
    ['webdataset', 'patchml-000002.tar'],
  ] as const)('of %s: one under another name is found out', async (name, file) => {
    const found = await after(name, (copy) => {
      renameSync(join(copy, file), join(copy, `${file}.old`));
    });
    expect(found).toContainEqual({ problem: 'extra', file: `${file}.old` });
    expect(found.filter(({ problem }) => problem === 'missing').length).toBeGreaterThan(3);
  });

  test.each([
    ['parquet', 'data/val-00000-of-00003.parquet'],
    ['webdataset', 'patchml-000000.tar'],
  ] as const)('of %s: one cut short, or of other bytes, is found out', async (name, file) => {
    for (const bytes of [undefined, Buffer.alloc(4096, 'x'), Buffer.alloc(0)]) {
      const found = await after(name, (copy) => {
        if (bytes) writeFileSync(join(copy, file), bytes);
        else truncateSync(join(copy, file), 5000);
      });
      expect(found).toContainEqual(expect.objectContaining({ problem: 'invalid', file }));
      expect(found.filter(({ problem }) => problem === 'missing').length).toBeGreaterThan(8);
    }
  });
});
