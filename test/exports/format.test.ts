import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ImageBuffer } from '../../src/exports/format.js';
import { temporaryFolder } from '../support/unit-folder.js';

/** Files of random bytes. */
function write(sizes: readonly number[]): { paths: string[]; contents: Buffer[] } {
  const folder = temporaryFolder();
  const contents = sizes.map((size) => randomBytes(size));
  const paths = contents.map((bytes, i) => {
    const path = join(folder, String(i));
    writeFileSync(path, bytes);
    return path;
  });
  return { paths, contents };
}

describe('An image buffer', () => {
  test('holds all that was read, also where its memory had to grow', () => {
    const { paths, contents } = write([700_000, 0, 500_000, 1, 3_000_000, 40]);
    const memory = new ImageBuffer();
    const read = paths.map((path) => memory.read(path));
    expect(read.map((bytes, i) => contents[i]!.equals(bytes))).toEqual(contents.map(() => true));
  });

  test('uses its memory again once it is cleared', () => {
    const { paths, contents } = write([1000, 1000]);
    const memory = new ImageBuffer();
    const first = memory.read(paths[0]!);
    memory.clear();
    const second = memory.read(paths[1]!);
    expect(contents[1]!.equals(second)).toBe(true);
    expect(contents[1]!.equals(first)).toBe(true);
  });

  test('names a file that is not there', () => {
    const path = join(temporaryFolder(), 'none.png');
    expect(() => new ImageBuffer().read(path)).toThrow(path);
  });
});
