import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { TransferError } from '../../src/errors.js';
import { parseSums } from '../../src/release/checksums.js';
import { pullRelease } from '../../src/transfer/pull.js';
import { pushRelease } from '../../src/transfer/push.js';
import { readText } from '../../src/transfer/stored-files.js';
import { bytesOf, digestsOf, tamper, writeRelease } from '../support/made-release.js';
import { thrownBy } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';

const DIGEST = 'a'.repeat(64);

describe('A pull', () => {
  test('refuses a tampered file, leaves nothing that looks whole, and goes on once it is mended', async () => {
    const release = writeRelease(temporaryFolder());
    tamper(release, 'data/image-2.png');
    const out = temporaryFolder();
    await expect(pullRelease({ from: release.folder, out })).rejects.toMatchObject({
      code: 'digest-differs',
      path: release.folder,
      place: 'data/image-2.png',
    });
    expect(existsSync(join(out, 'shapes-1.1.0'))).toBe(false);
    expect(existsSync(join(out, 'shapes-1.1.0.partial', 'data', 'image-2.png'))).toBe(false);
    writeTree(release.files, release.folder);
    const { fetched } = await pullRelease({ from: release.folder, out });
    expect(fetched).toBeLessThan(6);
    expect(filesIn(join(out, 'shapes-1.1.0'))).toEqual(digestsOf(release));
    expect(readdirSync(out)).toEqual(['shapes-1.1.0']);
  });

  test('refuses a file that SHA256SUMS has not, one that the store has not, and links', async () => {
    const release = writeRelease(temporaryFolder());
    const out = temporaryFolder();
    writeTree({ 'data/extra.sh': 'rm' }, release.folder);
    const pull = pullRelease({ from: release.folder, out });
    await expect(pull).rejects.toMatchObject({ code: 'foreign-file', place: 'data/extra.sh' });
    rmSync(join(release.folder, 'data/extra.sh'));
    rmSync(join(release.folder, 'data/image-2.png'));
    await expect(pullRelease({ from: release.folder, out })).rejects.toMatchObject({
      code: 'missing-file',
    });
    symlinkSync('/etc/hosts', join(release.folder, 'data/image-2.png'));
    await expect(pullRelease({ from: release.folder, out })).rejects.toMatchObject({
      code: 'not-a-file',
    });
    expect(readdirSync(out)).toEqual([]);
  });

  test('refuses a release.json that would name a folder elsewhere', async () => {
    const release = writeRelease(temporaryFolder(), { name: '../../elsewhere' });
    const out = temporaryFolder();
    await expect(pullRelease({ from: release.folder, out })).rejects.toMatchObject({
      code: 'no-release',
    });
    expect(readdirSync(out)).toEqual([]);
  });

  test('replaces nothing that is there', async () => {
    const release = writeRelease(temporaryFolder());
    const out = temporaryFolder();
    writeTree({ 'shapes-1.1.0/notes.txt': 'mine' }, out);
    await expect(pullRelease({ from: release.folder, out })).rejects.toMatchObject({
      code: 'output-exists',
    });
    expect(Object.keys(filesIn(out))).toEqual(['shapes-1.1.0/notes.txt']);
  });

  test('writes through no link that leads nowhere, and neither does a push', async () => {
    const release = writeRelease(temporaryFolder());
    const [out, elsewhere] = [temporaryFolder(), temporaryFolder()];
    const place = join(out, 'shapes-1.1.0');
    symlinkSync(join(elsewhere, 'there'), place);
    const refusal = { code: 'output-is-link', path: place };
    await expect(pullRelease({ from: release.folder, out })).rejects.toMatchObject(refusal);
    const push = pushRelease({ release: release.folder, to: out });
    await expect(push).rejects.toMatchObject(refusal);
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(readdirSync(out)).toEqual(['shapes-1.1.0']);
  });

  test('replaces nothing that comes there meanwhile', async () => {
    const release = writeRelease(temporaryFolder());
    const out = temporaryFolder();
    const onProgress = (): void => void writeTree({ 'shapes-1.1.0/notes.txt': 'mine' }, out);
    const pull = pullRelease({ from: release.folder, out }, { onProgress });
    await expect(pull).rejects.toMatchObject({ code: 'output-exists' });
    expect(readdirSync(join(out, 'shapes-1.1.0'))).toEqual(['notes.txt']);
  });

  test.each(['partial', 'parts'])('leaves foreign files alone that lie in .%s', async (ending) => {
    const release = writeRelease(temporaryFolder());
    const out = temporaryFolder();
    const folder = join(out, `shapes-1.1.0.${ending}`);
    writeTree({ 'notes.txt': 'mine' }, folder);
    await expect(pullRelease({ from: release.folder, out })).rejects.toMatchObject({
      code: 'foreign-file',
      path: folder,
      place: 'notes.txt',
    });
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });

  test('of what is no release says so', async () => {
    const out = temporaryFolder();
    const nowhere = join(out, 'nowhere');
    await expect(pullRelease({ from: nowhere, out })).rejects.toMatchObject({ code: 'not-found' });
    await expect(pullRelease({ from: out, out })).rejects.toMatchObject({ code: 'not-found' });
    writeFileSync(join(out, 'SHA256SUMS'), `${DIGEST}  a.txt`);
    await expect(pullRelease({ from: out, out })).rejects.toMatchObject({ code: 'bad-sums' });
  });

  test('goes on from a part of a file, and throws away a part of another file', async () => {
    const release = writeRelease(temporaryFolder());
    const whole = release.files['data/image-2.png'] as Uint8Array;
    for (const part of [whole.subarray(0, 1000), bytesOf(9, 1000), bytesOf(9, 100_000)]) {
      const out = temporaryFolder();
      const name = createHash('sha256').update('data/image-2.png').digest('hex');
      writeTree({ [`shapes-1.1.0.parts/${name}`]: part }, out);
      const done: number[] = [];
      await pullRelease(
        { from: release.folder, out },
        { onProgress: (step) => done.push(step.done) },
      );
      expect(filesIn(out)).toEqual(
        Object.fromEntries(
          Object.entries(digestsOf(release)).map(([path, digest]) => [
            `shapes-1.1.0/${path}`,
            digest,
          ]),
        ),
      );
      expect(done.at(-1)).toBe(
        bytesIn(release.folder) - statSync(join(release.folder, 'SHA256SUMS')).size,
      );
    }
  });
});

function bytesIn(folder: string): number {
  return Object.keys(filesIn(folder)).reduce(
    (sum, path) => sum + statSync(join(folder, path)).size,
    0,
  );
}

describe('SHA256SUMS', () => {
  test.each([
    '../up',
    'a/../../up',
    '/etc/passwd',
    'a//b',
    './a',
    'a\\b',
    'C:a',
    'a/c:/b',
    'a\u0001b',
    'SHA256SUMS',
    'a'.repeat(2000),
  ])('with the path %j is refused', (path) => {
    const error = thrownBy(() => parseSums(`${DIGEST}  ${path}\n`, 'here'));
    expect(error).toMatchObject({ code: 'bad-sums' });
  });

  test('is read as sha256sum writes it, and refused where it is cut off or says a thing twice', () => {
    expect(parseSums(`${DIGEST}  a b/c.txt\n${DIGEST} *d\n`, 'here')).toEqual(
      new Map([
        ['a b/c.txt', DIGEST],
        ['d', DIGEST],
      ]),
    );
    const bad = (text: string): string =>
      (thrownBy(() => parseSums(text, 'here')) as TransferError).message;
    expect(bad(`${DIGEST}  a`)).toContain('line 1: the file is truncated');
    expect(bad(`${DIGEST}  a\n${DIGEST}  a\n`)).toContain('line 2: a is listed twice');
    expect(bad('abc  a\n')).toContain('line 1');
    expect(bad(`\\${DIGEST}  a\\nb\n`)).toContain('line 1');
  });

  test('is read up to its limit, and no further', async () => {
    let read = 0;
    const store = {
      place: 'here',
      async *read() {
        for (;;) yield await Promise.resolve(new Uint8Array((read += 1) && 1000));
      },
    };
    await expect(readText(store, 'SHA256SUMS', 5000)).rejects.toMatchObject({
      code: 'too-large',
      place: 'SHA256SUMS',
    });
    expect(read).toBe(6);
  });
});
