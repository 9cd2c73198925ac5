import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readChecksums, writeChecksums } from '../../src/release/release-folder.js';
import { openWorkspace, sha256Of } from '../support/workspace.js';

const newFolder = openWorkspace();
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];

describe('SHA256SUMS', () => {
  test('lists every file but itself in byte order, as sha256sum -c reads it', async () => {
    const folder = newFolder('whole');
    mkdirSync(join(folder, 'b'));
    for (const file of ['b/one', 'B', 'a b', 'SHA256SUMS']) writeFileSync(join(folder, file), file);
    await writeChecksums(folder, new Map());
    const text = readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
    expect(text.split('\n').map((line) => line.slice(66))).toEqual(['B', 'a b', 'b/one', '']);
    execFileSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: folder });
    const { digests, findings } = await readChecksums(folder);
    expect(findings).toEqual([]);
    expect(digests.get('b/one')).toBe(sha256Of(join(folder, 'b', 'one')));
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
    const { digests, findings } = await readChecksums(folder);
    expect(findings).toHaveLength(1);
    expect(findings[0]!.detail).toContain(problem);
    expect([...digests.values()]).not.toContain(text.split('\n').length > 2 ? B : A);
  });
});
