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

describe('hashFiles', () => {
  it('takes files as they come, and no more of them than it needs', async () => {
    const [first] = filesOf(1, 1);
    let taken = 0;
    const source = function* (): Generator<SizedFile> {
      for (let file = 0; file < 20_000; file += 1) {
        taken += 1;
        yield first!;
      }
    };
    for await (const [, digest] of hashFiles(source(), { jobs: 1, stage: 'verify' })) {
      expect(digest).toBe(createHash('sha256').update('file 0').digest('hex'));
      break;
    }
    expect(taken).toBeLessThan(100);
    taken = 0;
    let hashed = 0;
    for await (const [file] of hashFiles(source(), { jobs: 2, stage: 'verify' })) {
      if (file === first) hashed += 1;
    }
    expect([taken, hashed]).toEqual([20_000, 20_000]);
  });
});

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

  it('does not read those whose digest is known, nor those without a size', async () => {
    const files: SizedFile[] = filesOf(70, size);
    files[3] = { path: join(folder, 'none.txt'), size, known: 'known' };
    files[40] = { path: join(folder, 'none.txt'), size: -1 };
    const hashed = hashFiles(files, { jobs: 2, stage: 'verify' });
    const pairs: (readonly [SizedFile, string | undefined])[] = [];
    for await (const pair of hashed) pairs.push(pair);
    expect(pairs.map(([file]) => file)).toEqual(files);
    expect([pairs[3]![1], pairs[40]![1]]).toEqual(['known', undefined]);
    expect(pairs[69]![1]).toBe(createHash('sha256').update('file 69').digest('hex'));
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
