import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sha256 } from '../../src/files/digest.js';
import { PoolReader } from '../../src/generate/pool-reader.js';
import { readPatchRows, readPool } from '../../src/generate/pool.js';
import { collect } from '../support/unit-errors.js';
import { noiseImage } from '../support/unit-images.js';
import { patchRow, writePool } from '../support/unit-pools.js';

const images = [noiseImage(4, 3, 'a'), noiseImage(5, 2, 'b')];
const rows = [
  { ...patchRow(0, 0, 'a', [4, 3]), offset: 0 },
  { ...patchRow(1, 1, 'b', [5, 2]), offset: 3 * 4 * 3 },
];

function poolFolder(): string {
  return writePool(
    rows,
    images.map(({ data }) => data),
  );
}

describe('readPatchRows', () => {
  it('reads the rows in their order', async () => {
    expect(await readPatchRows(poolFolder())).toEqual(rows);
  });
});

describe('readPool', () => {
  it('gives the summary, the rows and the pixels of a pool', async () => {
    const folder = poolFolder();
    const pool = await readPool(folder);
    expect(pool).toMatchObject({ folder, summary: { patches: 2, bytes: 3 * (4 * 3 + 5 * 2) } });
    expect(await collect(pool.rows())).toEqual(rows);
    const pixels = pool.openPixels();
    expect(images[1]!.data.equals(pixels.read(rows[1]!).data)).toBe(true);
    pixels.close();
  });
});

describe('The rows of a pool', () => {
  it.each([
    ['another offset', (text: string) => text.replace('"offset":', '"offset":1')],
    ['one row less', (text: string) => text.slice(0, text.trimEnd().lastIndexOf('\n') + 1)],
  ])('with %s are not those of pool.json', async (_, edit) => {
    const folder = poolFolder();
    const path = join(folder, 'patches.jsonl');
    writeFileSync(path, edit(readFileSync(path, 'utf8')));
    await expect(readPatchRows(folder)).rejects.toMatchObject({ code: 'pool-damaged', path });
  });
});

describe('PoolReader', () => {
  it('reads the pixels of any patch, in any order', () => {
    const reader = new PoolReader(poolFolder());
    for (const index of [1, 0, 1]) {
      const { width, height, data } = reader.read(rows[index]!);
      expect([width, height]).toEqual([images[index]!.width, images[index]!.height]);
      expect(data.equals(images[index]!.data)).toBe(true);
    }
    reader.close();
  });

  it('gives each patch a buffer of its own', () => {
    const reader = new PoolReader(poolFolder());
    reader.read(rows[0]!).data.fill(0);
    expect(reader.read(rows[0]!).data.equals(images[0]!.data)).toBe(true);
    reader.close();
  });

  it('checks the digest of a patch that is composed when it is first read', () => {
    const folder = poolFolder();
    const bytes = readFileSync(join(folder, 'patches.bin'));
    bytes[0]! ^= 1;
    writeFileSync(join(folder, 'patches.bin'), bytes);
    const reader = new PoolReader(folder);
    const sound = rows.map((row, i) => ({ ...row, sha256: sha256(images[i]!.data) }));
    expect(() => reader.readChecked(sound[0]!)).toThrow(
      expect.objectContaining({ code: 'pool-damaged' }),
    );
    expect(reader.readChecked(sound[1]!).data.equals(images[1]!.data)).toBe(true);
    reader.close();
  });

  it('says which patch is not all there in a pool that is cut off', () => {
    const folder = poolFolder();
    truncateSync(join(folder, 'patches.bin'), 3 * 4 * 3 + 7);
    const reader = new PoolReader(folder);
    expect(reader.read(rows[0]!).data.equals(images[0]!.data)).toBe(true);
    expect(() => reader.read(rows[1]!)).toThrow(
      expect.objectContaining({
        name: 'DatasetError',
        code: 'pool-cut-off',
        path: join(folder, 'patches.bin'),
        message: expect.stringContaining('b#1') as unknown,
      }),
    );
    reader.close();
  });
});
