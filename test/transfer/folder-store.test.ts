import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Progress } from '../../src/progress.js';
import { pullRelease } from '../../src/transfer/pull.js';
import { pushRelease } from '../../src/transfer/push.js';
import { digestsOf, sumsOf, tamper, writeRelease } from '../support/made-release.js';
import { testStoreContract } from '../support/store-contract.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';

let to: string;

beforeEach(() => {
  to = temporaryFolder();
});

const there = (path: string): string => join(to, 'shapes-1.1.0', path);

testStoreContract('a folder', {
  push: (release, options) => pushRelease({ release, to }, options),
  pull: (out, options) => pullRelease({ from: there('.'), out }, options),
  change: (path) => {
    writeFileSync(there(path), '#'.repeat(statSync(there(path)).size));
  },
  remove: (path) => {
    rmSync(there(path));
  },
  add: (path) => {
    writeFileSync(there(path), 'mine');
  },
  contents: () => filesIn(to),
});

describe('A release pushed to a folder', () => {
  test('is there whole, and comes back the same when pulled', async () => {
    const release = writeRelease(temporaryFolder());
    const place = join(to, 'shapes-1.1.0');
    const pushed = await pushRelease({ release: release.folder, to });
    expect(pushed).toMatchObject({ place, name: 'shapes', version: '1.1.0', files: 7, sent: 6 });
    expect(pushed.isNew).toBe(true);
    expect(filesIn(place)).toEqual(digestsOf(release));
    expect(readdirSync(to)).toEqual(['shapes-1.1.0']);

    const out = temporaryFolder();
    const pulled = await pullRelease({ from: place, out });
    const folder = join(out, 'shapes-1.1.0');
    expect(pulled).toMatchObject({
      folder,
      name: 'shapes',
      version: '1.1.0',
      files: 7,
      fetched: 6,
    });
    expect(filesIn(folder)).toEqual(digestsOf(release));
    expect(readdirSync(out)).toEqual(['shapes-1.1.0']);
    expect(pulled.bytes).toBe(pushed.bytes);
  });

  test('again is there already, and is not touched', async () => {
    const release = writeRelease(temporaryFolder());
    const first = await pushRelease({ release: release.folder, to });
    const { ino, mtimeMs } = statSync(join(first.place, 'README.md'));
    const again = await pushRelease({ release: release.folder, to });
    expect(again).toEqual({ ...first, isNew: false, sent: 0 });
    expect(statSync(join(first.place, 'README.md'))).toMatchObject({ ino, mtimeMs });
    expect(readdirSync(to)).toEqual(['shapes-1.1.0']);
  });

  test('goes on from what an earlier run left, and removes what was cut off', async () => {
    const release = writeRelease(temporaryFolder());
    const partial = join(to, 'shapes-1.1.0.partial');
    writeTree({ 'data/image 1.png': release.files['data/image 1.png']! }, partial);
    writeTree({ 'data/image-2.png': 'cut', 'README.md.tmp': 'x', SHA256SUMS: '' }, partial);
    const { ino } = statSync(join(partial, 'data/image 1.png'));
    const { sent } = await pushRelease({ release: release.folder, to });
    expect(sent).toBe(5);
    expect(filesIn(join(to, 'shapes-1.1.0'))).toEqual(digestsOf(release));
    expect(statSync(join(to, 'shapes-1.1.0', 'data/image 1.png')).ino).toBe(ino);
  });

  test('leaves foreign files in its partial folder alone, and names the first', async () => {
    const release = writeRelease(temporaryFolder());
    writeTree({ 'shapes-1.1.0.partial/data/thesis.tex': 'x' }, to);
    await expect(pushRelease({ release: release.folder, to })).rejects.toMatchObject({
      code: 'foreign-file',
      place: 'data/thesis.tex',
    });
    expect(Object.keys(filesIn(to))).toEqual(['shapes-1.1.0.partial/data/thesis.tex']);
  });

  test('or pulled into a release is refused, its own too', async () => {
    const { folder, files } = writeRelease(temporaryFolder());
    const refusal = { code: 'output-in-release', message: expect.stringContaining(folder) };
    await expect(pushRelease({ release: folder, to: folder })).rejects.toMatchObject(refusal);
    await expect(pullRelease({ from: folder, out: folder })).rejects.toMatchObject(refusal);
    await expect(pullRelease({ from: folder, out: join(folder, 'data') })).rejects.toMatchObject(
      refusal,
    );
    expect(Object.keys(filesIn(folder)).sort()).toEqual(Object.keys(files).sort());
  });

  test('stops when told to, and the same call goes on', async () => {
    const release = writeRelease(temporaryFolder());
    const controller = new AbortController();
    const stopAfterOne = {
      signal: controller.signal,
      onProgress: ({ done }: Progress) => {
        if (done > 0) controller.abort();
      },
    };
    await expect(pushRelease({ release: release.folder, to }, stopAfterOne)).rejects.toMatchObject({
      code: 'aborted',
      message: 'push was stopped; run the same command again to resume',
    });
    expect(existsSync(join(to, 'shapes-1.1.0'))).toBe(false);
    expect((await pushRelease({ release: release.folder, to })).sent).toBe(5);
  });
});

describe('A release that is not what its SHA256SUMS says is refused before anything is written', () => {
  test.each([
    ['a tampered file', 'digest-differs', tamper],
    ['a file that is gone', 'missing-file', remove],
    ['a file too many', 'foreign-file', add],
    ['a link', 'not-a-file', link],
  ] as const)('%s', async (_, code, spoil) => {
    const release = writeRelease(temporaryFolder());
    spoil(release, 'data/image-2.png');
    await expect(pushRelease({ release: release.folder, to })).rejects.toMatchObject({ code });
    expect(readdirSync(to)).toEqual([]);
  });

  test('no SHA256SUMS, and one without release.json', async () => {
    const release = writeRelease(temporaryFolder());
    const listed = Object.entries(release.files).filter(([path]) => !/^(rel|SHA)/.test(path));
    writeFileSync(join(release.folder, 'SHA256SUMS'), sumsOf(Object.fromEntries(listed)));
    await expect(pushRelease({ release: release.folder, to })).rejects.toMatchObject({
      code: 'foreign-file',
    });
    rmSync(join(release.folder, 'SHA256SUMS'));
    await expect(pushRelease({ release: release.folder, to })).rejects.toMatchObject({
      code: 'missing-file',
    });
  });
});

function remove({ folder }: { folder: string }, path: string): void {
  rmSync(join(folder, path));
}

function add({ folder }: { folder: string }): void {
  mkdirSync(join(folder, 'extra'));
  writeFileSync(join(folder, 'extra', 'notes.txt'), '');
}

function link({ folder }: { folder: string }, path: string): void {
  rmSync(join(folder, path));
  symlinkSync(join(folder, 'README.md'), join(folder, path));
}
