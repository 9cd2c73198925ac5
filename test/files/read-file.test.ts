import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DatasetError } from '../../src/errors.js';
import { sha256File } from '../../src/files/digest.js';
import { readJsonLines } from '../../src/files/json.js';
import {
  MAX_LINE,
  readRegularFileSync,
  readRegularText,
  readTextLines,
} from '../../src/files/read-file.js';
import { ImageBuffer } from '../../src/exports/format.js';
import { ImageReader } from '../../src/imagenet/image-reader.js';
import { readSynsetList } from '../../src/models/draft-card.js';
import { readModelFacts } from '../../src/models/model-file.js';
import { loadModel } from '../../src/models/onnxruntime.js';
import { readModelConfig } from '../../src/models/published-config.js';
import { collect } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

function makePipe(): string {
  const path = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

const readSync = (path: string): Buffer => readRegularFileSync(path, { maxBytes: 10 });

const readFromFolder = async (path: string): Promise<Buffer> =>
  Promise.resolve(new ImageReader(dirname(path)).read({ file: basename(path), size: 1 }));

const readOfDataset = (path: string): Uint8Array => new ImageBuffer().read(path);

describe('A file that is read', () => {
  it('is read to its end, through a link too', async () => {
    const folder = writeTree({ a: 'käse', empty: '' });
    symlinkSync('a', join(folder, 'link'));
    expect(await readRegularText(join(folder, 'a'))).toBe('käse');
    expect(await readRegularText(join(folder, 'link'))).toBe('käse');
    expect(await readRegularText(join(folder, 'empty'))).toBe('');
  });

  it.each([
    ['readRegularText', 'enoent', (path: string) => readRegularText(path)],
    ['readTextLines', 'enoent', (path: string) => collect(readTextLines(path))],
    ['readJsonLines', 'stage-missing', (path: string) => collect(readJsonLines(path))],
    ['sha256File', 'enoent', async (path: string) => Promise.resolve(sha256File(path))],
    ['readRegularFileSync', 'enoent', async (path: string) => Promise.resolve(readSync(path))],
    ['an image of a folder', 'enoent', (path: string) => readFromFolder(path)],
    [
      'an image of a dataset',
      'enoent',
      async (path: string) => Promise.resolve(readOfDataset(path)),
    ],
    ['a published config', 'enoent', (path: string) => readModelConfig('m.onnx', { config: path })],
    ['a list of synsets', 'enoent', readSynsetList],
    ['a model', 'enoent', readModelFacts],
    ["a model's graph", 'enoent', loadModel],
  ])('is no pipe, device or folder: %s', async (_, code, read) => {
    for (const path of [makePipe(), '/dev/zero']) {
      await expect(read(path)).rejects.toMatchObject({ code: 'file-not-regular', path });
    }
    await expect(read(temporaryFolder())).rejects.toMatchObject({ code: 'eisdir' });
    await expect(read('/none')).rejects.toMatchObject({ code });
  });

  it('has no more bytes than the limit, also where it does not say how many it has', async () => {
    const path = join(writeTree({ a: '12345' }), 'a');
    expect(await readRegularText(path, { maxBytes: 5 })).toBe('12345');
    const refusal = {
      code: 'file-too-large',
      message: expect.stringContaining('4 bytes') as unknown,
    };
    await expect(readRegularText(path, { maxBytes: 4 })).rejects.toMatchObject(refusal);
    const limits = { maxBytes: 4 };
    await expect(readRegularText('/proc/self/status', limits)).rejects.toMatchObject(refusal);
    expect(readRegularFileSync(path, { maxBytes: 5 }).toString()).toBe('12345');
    expect(() => readRegularFileSync(path, limits)).toThrow('larger than 4 bytes');
  });

  it('is read into memory that is given, where it fits', () => {
    const path = join(writeTree({ a: '12345' }), 'a');
    const room = Buffer.alloc(6);
    const read = readRegularFileSync(path, { maxBytes: 5 }, room);
    expect(read.toString()).toBe('12345');
    expect(room.toString('latin1')).toBe('12345\0');
    expect(read.buffer).toBe(room.buffer);
    for (const length of [0, 1, 5]) {
      const small = Buffer.alloc(length, '.');
      expect(readRegularFileSync(path, { maxBytes: 5 }, small).toString()).toBe('12345');
    }
  });

  it("is refused with the caller's own error", async () => {
    const error = new DatasetError('no', { code: 'stage-invalid' });
    const path = join(writeTree({ a: '12345' }), 'a');
    await expect(readRegularText(path, { maxBytes: 1, tooLarge: () => error })).rejects.toBe(error);
    const limits = { maxBytes: 1, notAFile: () => error };
    await expect(readRegularText(makePipe(), limits)).rejects.toBe(error);
  });

  it('is cut in a line that has no end', async () => {
    const path = join(writeTree({ a: `one\n${'x'.repeat(5 * MAX_LINE)}\nlast\n` }), 'a');
    const [first, second, ...more] = await collect(readTextLines(path));
    expect(first).toBe('one\n');
    expect(second!.length).toBeLessThan(2 * MAX_LINE);
    expect(more).toEqual([]);
  });
});
