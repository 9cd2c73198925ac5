import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readSummary } from '../../src/files/json.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

const schema = z.object({ format: z.literal('patchml-pool'), patches: z.int() });

function read(folder: string): Promise<z.output<typeof schema>> {
  return readSummary(folder, 'pool.json', schema, 'patchml extract');
}

describe('readSummary', () => {
  it('reads a summary of the format asked for', async () => {
    const folder = writeTree({ 'pool.json': '{"format":"patchml-pool","patches":3}' });
    expect(await read(folder)).toEqual({ format: 'patchml-pool', patches: 3 });
  });

  it('names the command that makes one where there is none', async () => {
    const path = temporaryFolder();
    const missing = { name: 'DatasetError', code: 'stage-missing', path };
    const fix = expect.stringContaining('"patchml extract"') as unknown;
    await expect(read(path)).rejects.toMatchObject({ ...missing, fix });
    const none = join(path, 'none');
    await expect(read(none)).rejects.toMatchObject({ ...missing, path: none });
  });

  it('says that what is there cannot be read, and not that it is missing', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'pool.json'));
    await expect(read(folder)).rejects.toMatchObject({ code: 'eisdir' });
  });

  it.each<[string, place: string | undefined]>([
    ['{"format":"patchml-index","patches":3}', 'format'],
    ['{"patches":3}', 'format'],
    ['{"format":"patchml-pool"}', 'patches'],
    ['{"format":"patchml-pool","patches":"3"}', 'patches'],
    ['{"format":', undefined],
    ['', undefined],
    ['null', undefined],
    ['[]', undefined],
    ['3', undefined],
  ])('refuses %j, which is no pool summary, and names the field', async (text, place) => {
    const folder = writeTree({ 'pool.json': text });
    await expect(read(folder)).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'stage-invalid',
      path: join(folder, 'pool.json'),
      place,
      fix: expect.stringContaining('"patchml extract"') as unknown,
    });
  });
});
