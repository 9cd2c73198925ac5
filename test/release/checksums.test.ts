import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { filesInOrder } from '../../src/dataset/image-order.js';
import { type Checksums, openChecksums, writeChecksums } from '../../src/release/checksums.js';
import { openWorkspace, sha256Of } from '../support/workspace.js';

const newFolder = openWorkspace();
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];

describe('SHA256SUMS', () => {
  test('lists every file but itself in byte order, as sha256sum -c reads it', async () => {
    const folder = newFolder('whole');
    mkdirSync(join(folder, 'b'));
    for (const file of ['b/one', 'B', 'a b', 'SHA256SUMS']) writeFileSync(join(folder, file), file);
    await writeChecksums(folder, filesInOrder({ files: {} }));
    const text = readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
    expect(text.split('\n').map((line) => line.slice(66))).toEqual(['B', 'a b', 'b/one', '']);
    execFileSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: folder });
    const sums = await openChecksums(folder);
    expect([sums.files, sums.findings]).toEqual([3, []]);
    expect((await listed(sums)).map(({ path }) => path)).toEqual(['B', 'a b', 'b/one']);
    for (const file of ['B', 'a b', 'b/one']) {
      expect(sums.digestOf(file)).toBe(sha256Of(join(folder, file)));
    }
    expect([sums.digestOf('b/two'), sums.digestOf('c/one')]).toEqual([undefined, undefined]);
  });

  test('takes over what is known, and reads the rest', async () => {
    const folder = newFolder('known');
    for (const file of ['a', 'b', 'c']) writeFileSync(join(folder, file), file);
    const known = async function* () {
      yield await Promise.resolve({ path: 'b', sha256: B });
      yield { path: 'gone', sha256: A };
    };
    await writeChecksums(folder, known());
    const digests = (await listed(await openChecksums(folder))).map(({ sha256 }) => sha256);
    expect(digests).toEqual([sha256Of(join(folder, 'a')), B, sha256Of(join(folder, 'c'))]);
  });

  test('finds a file whose folder has others in between', async () => {
    const folder = newFolder('between');
    const paths = ['a/1', 'a/b/1', 'a/b/c/1', 'a/b/z', 'a/c', 'd', 'e/1', 'z'];
    const text = paths.map((path, at) => `${String(at).repeat(64)}  ${path}\n`).join('');
    writeFileSync(join(folder, 'SHA256SUMS'), text);
    const { digestOf } = await openChecksums(folder);
    expect([...paths, ...paths].map((path) => digestOf(path)?.[0])).toEqual(
      [...paths.keys(), ...paths.keys()].map(String),
    );
  });

  test.each([
    ['..', `${A}  ../secret\n`, 'its path is outside the release'],
    ['.. in its midst', `${A}  a/../../secret\n`, 'its path is outside the release'],
    ['a path from the root', `${A}  /etc/passwd\n`, 'its path is outside the release'],
    ['a drive', `${A}  C:/secret\n`, 'its path is outside the release'],
    ['an empty part', `${A}  a//b\n`, 'its path is outside the release'],
    ['a backslash', `${A}  ..\\secret\n`, 'a path with a backslash or control character'],
    ['a file twice', `${A}  a\n${B}  a\n`, 'a is listed twice'],
    ['another order', `${A}  b\n${B}  a\n`, 'a is out of order'],
    ['itself', `${A}  SHA256SUMS\n`, 'it lists itself'],
    ['a digest too short', 'abc  a\n', 'expected a SHA-256, two spaces and a path'],
    ['an empty line', '\n', 'expected a SHA-256, two spaces and a path'],
  ])('with %s is not believed', async (_, text, problem) => {
    const folder = newFolder('hostile');
    writeFileSync(join(folder, 'SHA256SUMS'), text);
    const sums = await openChecksums(folder);
    expect(sums.findings).toHaveLength(1);
    expect(sums.findings[0]!.detail).toContain(problem);
    const digests = (await listed(sums)).map(({ sha256 }) => sha256);
    expect(digests).not.toContain(text.split('\n').length > 2 ? B : A);
  });
});

async function listed({ read }: Checksums): Promise<{ path: string; sha256: string }[]> {
  const files: { path: string; sha256: string }[] = [];
  for await (const file of read()) files.push(file);
  return files;
}
