import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { exists, freeSpace, partialFolder, requireSpace } from '../../src/files/folders.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

describe('exists', () => {
  it('tells an absent folder from one that is empty or full', async () => {
    const folder = writeTree({ 'full/a': 'x' });
    mkdirSync(join(folder, 'empty'));
    const places = ['absent', 'empty', 'full'].map((name) => join(folder, name));
    expect(await Promise.all(places.map(exists))).toEqual([false, true, true]);
  });
});

describe('partialFolder', () => {
  it('lies beside the folder, however that is written', () => {
    expect(partialFolder('work/pool/key')).toBe('work/pool/key.partial');
    expect(partialFolder('work/pool/key/')).toBe(join(process.cwd(), 'work/pool/key.partial'));
    expect(partialFolder('.')).toBe(`${process.cwd()}.partial`);
  });
});

describe('freeSpace', () => {
  it('of a place that is not there yet is that of its nearest parent', async () => {
    const folder = temporaryFolder();
    expect(await freeSpace(join(folder, 'not', 'yet'))).toBeGreaterThan(0);
  });
});

describe('requireSpace', () => {
  it('says nothing where there is enough', async () => {
    await expect(requireSpace(temporaryFolder(), 1, 'the pool')).resolves.toBeUndefined();
  });

  it('says what is needed and what is free where there is not', async () => {
    const path = temporaryFolder();
    await expect(requireSpace(path, 1e18, 'the pool')).rejects.toMatchObject({
      name: 'OutputError',
      code: 'not-enough-space',
      path,
      message: expect.stringMatching(
        /the pool needs about 1000 PB, but only [\d.]+ (?:[kMGTP]?B|bytes) is free; free some space/,
      ),
    });
  });
});
