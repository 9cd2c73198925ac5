import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { freeSpace, requireSpace } from '../../src/files/folders.js';
import { temporaryFolder } from '../support/unit-folder.js';

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
        /the pool needs about 1000 PB, [\d.]+ (?:[kMGTP]?B|bytes) are free; free some space/,
      ),
    });
  });
});
