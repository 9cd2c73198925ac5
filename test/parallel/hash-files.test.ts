import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { hashFiles, type SizedFile } from '../../src/parallel/hash-files.js';

const folder = mkdtempSync(join(tmpdir(), 'hash-files-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Files that say how large they are, so that few bytes pass for many. */
function filesOf(count: number, size: number): SizedFile[] {
  return Array.from({ length: count }, (_, at) => {
    const path = join(folder, `${at}.txt`);
    writeFileSync(path, `file ${at}`);
    return { path, size };
  });
}

async function collect(
  hashed: AsyncIterable<readonly [SizedFile, string | undefined]>,
): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  for await (const [, digest] of hashed) all.push(digest);
  return all;
}

describe.each([
  ['few bytes', 6],
  ['many bytes, in worker threads', 2 ** 28],
])('hashFiles of %s', (_, size) => {
  it('gives the digests in the order of the files', async () => {
    const files = filesOf(100, size);
    const digests = await collect(hashFiles(files, { jobs: 2, stage: 'verify' }));
    const expected = files.map((__, at) => createHash('sha256').update(`file ${at}`).digest('hex'));
    expect(digests).toEqual(expected);
  });

  it('names a file that cannot be read', async () => {
    const missing = { path: join(folder, 'missing.txt'), size };
    const hashed = collect(hashFiles([...filesOf(3, size), missing], { jobs: 2, stage: 'verify' }));
    await expect(hashed).rejects.toMatchObject({
      name: 'OutputError',
      code: 'enoent',
      path: missing.path,
    });
  });
});
