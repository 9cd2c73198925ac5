import { describe, expect, it } from '@jest/globals';
import { readDrops } from '../../src/generate/inspect.js';
import { collect } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

describe('readDrops', () => {
  it('lists malformed annotations and dropped objects in their order', async () => {
    const rows = [
      { imageId: 'a', problem: 'not UTF-8' },
      { image: 'b', object: 0, reason: 'too-small' },
    ];
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    expect(await collect(readDrops(writeTree({ 'drops.jsonl': lines })))).toEqual(rows);
  });

  it('says which folder to give where there is no list', async () => {
    const path = temporaryFolder();
    await expect(collect(readDrops(path))).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'drops-missing',
      path,
      fix: expect.stringContaining('pool folder') as unknown,
    });
  });
});
