// Where the images of a large dataset lie: its folders, and all that reads and writes them.

import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { MetadataRow } from '../../src/dataset/row.js';
import { contentsOf, openWorkspace, readRows } from '../support/workspace.js';

const real = await import('../../src/dataset/image-files.js');

/** Whether datasets are as if they had 10,000 images more. */
let isLarge = true;
jest.unstable_mockModule('../../src/dataset/image-files.js', () => ({
  ...real,
  imageFile: (row: { id: string; k: number }, recipe: never, images: number) =>
    real.imageFile(row, recipe, images + (isLarge ? 10_000 : 0)),
  imageGlob: (images: number, k?: string) => real.imageGlob(images + (isLarge ? 10_000 : 0), k),
}));
const library = await import('../../src/index.js');
const { makeDataset } = await import('../support/made-dataset.js');

const newFolder = openWorkspace();
let small: string;
let large: string;

beforeAll(async () => {
  isLarge = false;
  small = (await makeDataset(newFolder('small'))).folder;
  isLarge = true;
  large = (await makeDataset(newFolder('large'))).folder;
});

function rowsIn(folder: string): MetadataRow[] {
  return readRows(join(folder, 'metadata.jsonl'));
}

describe('The file of an image', () => {
  const png = { encode: { format: 'png', quality: 90 } } as const;
  test.each([
    ['k3-000017', 3, 10_000, 'images/k3-000017.png'],
    ['k3-000017', 3, 10_001, 'images/k3/0000/k3-000017.png'],
    ['k3-009999', 3, 10_001, 'images/k3/0000/k3-009999.png'],
    ['k3-010000', 3, 10_001, 'images/k3/0001/k3-010000.png'],
    ['k12-999999', 12, 1_000_000, 'images/k12/0099/k12-999999.png'],
    ['k2-1234567', 2, 9_000_000, 'images/k2/0123/k2-1234567.png'],
    ['k2-123456789', 2, 2e8, 'images/k2/12345/k2-123456789.png'],
    ['mine', 2, 20_000, 'images/k2/0000/mine.png'],
  ])('of %s with %i patches, of %i images, is %4$s', (id, k, images, file) => {
    expect(real.imageFile({ id, k }, png, images)).toBe(file);
  });
});

describe('A dataset with folders of images', () => {
  test('has the images of the one without, in the same order', () => {
    const withoutFolders = ({ file_name, ...row }: MetadataRow): object => ({
      ...row,
      name: file_name.split('/').at(-1),
    });
    expect(rowsIn(large).map(withoutFolders)).toEqual(rowsIn(small).map(withoutFolders));
    expect(rowsIn(large)[0]!.file_name).toBe('images/k2/0000/k2-000000.png');
    for (const { id, k, file_name } of rowsIn(large)) {
      expect(file_name).toBe(`images/k${k}/0000/${id}.png`);
      const file = readFileSync(join(large, file_name));
      expect(file.equals(readFileSync(join(small, 'images', `${id}.png`)))).toBe(true);
    }
    expect(readdirSync(join(large, 'images'))).toEqual(['k2', 'k3']);
  });

  test('is complete, and missing, changed and foreign files are found', async () => {
    expect(await library.verifyDataset({ dataset: large })).toMatchObject({
      files: 28,
      images: 24,
      findings: [],
    });
    const folder = newFolder('damaged');
    cpSync(large, folder, { recursive: true });
    rmSync(join(folder, 'images/k2/0000/k2-000003.png'));
    writeFileSync(join(folder, 'images/k2/0000/k2-000004.png'), 'x');
    writeFileSync(join(folder, 'images/k2/0001'), 'x');
    renameSync(join(folder, 'images/k3/0000/k3-000000.png'), join(folder, 'images/k3-000000.png'));
    const { findings } = await library.verifyDataset({ dataset: folder });
    expect(findings).toEqual([
      { problem: 'missing', file: 'images/k2/0000/k2-000003.png' },
      { problem: 'changed', file: 'images/k2/0000/k2-000004.png' },
      { problem: 'extra', file: 'images/k2/0001' },
      { problem: 'extra', file: 'images/k3-000000.png' },
      { problem: 'missing', file: 'images/k3/0000/k3-000000.png' },
    ]);
  });

  test('made in shards, or resumed, has the bytes of the undivided one', async () => {
    const work = join(large, '..', 'work');
    const { recipe } = (await library.readDataset(large)).summary;
    const pool = await library.findPoolOf({ dataset: large, work });
    const { folder: plan } = await library.makePlan({ recipe, pool, work });
    const [inParts, resumed] = ['parts', 'resumed'].map((name) => join(newFolder(name), 'out'));
    const input = { recipe, pool, plan };
    for (const part of [3, 1, 2]) {
      await library.composeShard({ ...input, out: inParts!, shard: { part, of: 3 } }, { jobs: 1 });
    }
    await library.mergeDataset({ ...input, out: inParts! });
    expect(contentsOf(inParts!)).toEqual(contentsOf(large));

    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done > 0) stop.abort();
    };
    const stopped = library.composeDataset(
      { ...input, out: resumed! },
      { jobs: 1, signal: stop.signal, onProgress },
    );
    await expect(stopped).rejects.toBeInstanceOf(library.AbortedError);
    expect(readRows(join(`${resumed!}.partial`, 'metadata.jsonl'))).toHaveLength(16);
    await library.composeDataset({ ...input, out: resumed! }, { jobs: 1 });
    expect(contentsOf(resumed!)).toEqual(contentsOf(large));
  });

  test('is regenerated from its pool', async () => {
    const pool = await library.findPoolOf({ dataset: large, work: join(large, '..', 'work') });
    const { differing } = await library.regenerateSample({ dataset: large, pool, sample: 24 });
    expect(differing).toEqual([]);
  });

  test.each([false, true])('is released, recipe-only %s', async (recipeOnly) => {
    const made = { dataset: large, version: '1.0.0', to: newFolder('to'), recipeOnly };
    const { folder } = await library.releaseDataset(made);
    expect((await library.verifyRelease({ release: folder })).findings).toEqual([]);
  });
});
