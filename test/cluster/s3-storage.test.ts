// Storage in S3: src/cluster/s3-storage.ts, s3-folders.ts and local-copies.ts.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openStorage, type Storage } from '../../src/cluster/storage.js';
import { fingerprintOf, openImages } from '../../src/imagenet/images.js';
import type { SeenRequest } from '../support/faulty-proxy.js';
import { bytesOf } from '../support/made-release.js';
import { isPut, useS3 } from '../support/s3-server.js';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from '../support/small-disk.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';
import { sha256Of } from '../support/workspace.js';

const s3 = useS3();

/** A machine with local copies of its own. */
function openMachine(cache = temporaryFolder()): Promise<Storage> {
  return openStorage(`${s3.to()}/shapes-1.1.0`, { endpoint: s3.url(), cache });
}

const FILES = {
  'part.json': '{}\n',
  'images/a.png': bytesOf(1, 30_000),
  'images/b.png': bytesOf(2, 90_000),
  'empty.jsonl': '',
};

/** The compiled library, for a process of its own. */
const STORAGE = pathToFileURL(resolve('dist/src/cluster/storage.js')).href;

/** What a worker that is killed does. */
const FETCH = `
  const { openStorage } = await import(${JSON.stringify(STORAGE)});
  const { ROOT, ENDPOINT, CACHE } = process.env;
  await (await openStorage(ROOT, { endpoint: ENDPOINT, cache: CACHE })).fetch('x');
`;

const isGet = ({ method, url }: SeenRequest): boolean =>
  method === 'GET' && !url.includes('list-type=') && !url.includes('PUSHING');

describe('What is published to S3', () => {
  test('is on another machine what it was, with its mark as the last object', async () => {
    const local = writeTree(FILES);
    const [here, there] = [await openMachine(), await openMachine()];
    expect(await here.exists('work/pool/01')).toBe(false);
    await here.publish(local, 'work/pool/01');
    expect(s3.seen(isPut).at(-1)!.url).toMatch(/\/work\/pool\/01\/SHA256SUMS\?/);
    expect(s3.objects()).not.toContain('work/pool/01/PUSHING');
    expect(await there.exists('work/pool/01')).toBe(true);
    const copy = await there.fetch('work/pool/01');
    expect(basename(copy)).toBe('01');
    expect(filesIn(copy)).toEqual(filesIn(local));
    expect(there.resolve('work/pool/01')).toBe(`${s3.to()}/shapes-1.1.0/work/pool/01`);
  });

  test('is not sent again, and not fetched again, while it is there', async () => {
    const local = writeTree(FILES);
    const [here, there] = [await openMachine(), await openMachine()];
    await here.publish(local, 'x');
    const copy = await there.fetch('x');
    s3.forget();
    await there.publish(writeTree({ other: 'other' }), 'x');
    expect(s3.seen(isPut)).toEqual([]);
    expect(await there.fetch('x')).toBe(copy);
    expect(s3.seen(isGet).map(({ url }) => url.split('?')[0])).toEqual([
      expect.stringMatching(/\/x\/SHA256SUMS$/),
    ]);
  });

  test('stays where another attempt publishes it, whose claim and links are left', async () => {
    const local = writeTree(FILES);
    const here = await openMachine();
    await here.publish(local, 'x');
    await s3.put('x/PUSHING', `${sha256Of(s3.fileOf('x/SHA256SUMS'))}\n`);
    const summaries = writeTree({});
    symlinkSync(join(local, 'part.json'), join(summaries, 'part.json'));
    await here.publish(summaries, 'x');
    expect(s3.objects()).not.toContain('x/PUSHING');
    expect(filesIn(await here.fetch('x'))).toEqual(filesIn(local));
  });

  test('may be one file, also a large one, and is removed', async () => {
    const local = writeTree({ 'train.tar': bytesOf(3, 6 << 20) });
    const [here, there] = [await openMachine(), await openMachine()];
    await here.publish(join(local, 'train.tar'), 'inputs/train.tar');
    const copy = await there.fetch('inputs/train.tar');
    expect(basename(copy)).toBe('train.tar');
    expect(sha256Of(copy)).toBe(sha256Of(join(local, 'train.tar')));
    await here.remove('inputs/train.tar');
    expect(s3.objects()).toEqual([]);
    expect(await there.exists('inputs/train.tar')).toBe(false);
    await expect(there.fetch('inputs/train.tar')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('of several machines at once is there once', async () => {
    const local = writeTree(FILES);
    const machines = await Promise.all([openMachine(), openMachine(), openMachine()]);
    await Promise.all(machines.map((machine) => machine.publish(local, 'x')));
    expect(filesIn(await machines[0].fetch('x'))).toEqual(filesIn(local));
  });

  test('holds no file that is called like a mark, and no link', async () => {
    const here = await openMachine();
    for (const name of ['SHA256SUMS', 'in/PUSHING']) {
      const local = writeTree({ ...FILES, [name]: 'mine' });
      await expect(here.publish(local, 'x')).rejects.toMatchObject({
        code: 'foreign-file',
        place: name,
      });
    }
    expect(s3.objects()).toEqual([]);
  });
});

describe('What is half in S3 is not there', () => {
  test.each([
    ['after the claim', 0],
    ['after some of the files', 2],
    ['before the mark', 4],
  ])('where publishing was cut off %s, and is sent by the next', async (_, after) => {
    let passed = 0;
    const isCut = (seen: SeenRequest): boolean => isPut(seen) && (passed += 1) > after;
    s3.faults.push({ on: isCut, fault: { cutRequestAt: 1 } });
    const [here, there] = [await openMachine(), await openMachine()];
    const local = writeTree(FILES);
    await expect(here.publish(local, 'x/1-of-2')).rejects.toMatchObject({ code: 'connection-cut' });
    s3.faults.splice(0);
    expect(s3.objects()).toContain('x/1-of-2/PUSHING');
    for (const path of ['x/1-of-2', 'x', 'x/1-of-2/images', 'x/1-of-2/part.json']) {
      expect([path, await there.exists(path)]).toEqual([path, false]);
      await expect(there.fetch(path)).rejects.toMatchObject({ code: 'not-found' });
    }
    await there.publish(local, 'x/1-of-2');
    expect(filesIn(await here.fetch('x/1-of-2'))).toEqual(filesIn(local));
  });

  test('and gives way to a machine that has made other files', async () => {
    let passed = 0;
    const isCut = (seen: SeenRequest): boolean => isPut(seen) && (passed += 1) > 2;
    s3.faults.push({ on: isCut, fault: { cutRequestAt: 1 } });
    const [here, there] = [await openMachine(), await openMachine()];
    await expect(here.publish(writeTree({ ...FILES, old: 'old' }), 'x')).rejects.toThrow();
    s3.faults.splice(0);
    const local = writeTree({ ...FILES, 'part.json': '{"made":"again"}\n' });
    await there.publish(local, 'x');
    expect(filesIn(await there.fetch('x'))).toEqual(filesIn(local));
    expect(s3.objects()).not.toContain('x/old');
  });

  test.each([0, 1, 3])('where it was removed up to object %d', async (removed) => {
    const here = await openMachine();
    await here.publish(writeTree(FILES), 'x');
    let passed = 0;
    const isCut = ({ method }: SeenRequest): boolean =>
      method === 'DELETE' && (passed += 1) > removed;
    s3.faults.push({ on: isCut, fault: { status: 403 } });
    await expect(here.remove('x')).rejects.toMatchObject({ code: 'no-access' });
    s3.faults.splice(0);
    expect(await here.exists('x')).toBe(removed === 0);
    await here.remove('x');
    expect(s3.objects()).toEqual([]);
  });

  test('among the parts of a folder, and is left out of it', async () => {
    const here = await openMachine();
    const parts = [writeTree({ 'part.json': '1' }), writeTree({ 'part.json': '2' })];
    await here.publish(parts[0]!, 'pool.shards/1-of-2');
    const isMark = ({ url }: SeenRequest): boolean => url.includes('2-of-2/SHA256SUMS');
    s3.faults.push({ on: isMark, fault: { status: 403 } });
    await expect(here.publish(parts[1]!, 'pool.shards/2-of-2')).rejects.toThrow();
    s3.faults.splice(0);
    expect(Object.keys(filesIn(await here.fetch('pool.shards')))).toEqual(['1-of-2/part.json']);
    await here.publish(parts[1]!, 'pool.shards/2-of-2');
    expect(Object.keys(filesIn(await here.fetch('pool.shards')))).toEqual([
      '1-of-2/part.json',
      '2-of-2/part.json',
    ]);
  });

  test('where a file that its mark lists has vanished, and the error names it', async () => {
    const here = await openMachine();
    await here.publish(writeTree(FILES), 'x');
    await s3.remove('x/images/a.png');
    await expect(here.fetch('x')).rejects.toMatchObject({
      code: 'missing-file',
      place: 'images/a.png',
    });
  });

  test('where a file is not the one that its mark lists', async () => {
    const here = await openMachine();
    await here.publish(writeTree(FILES), 'x');
    await s3.put('x/images/a.png', '#'.repeat(30_000));
    await expect(here.fetch('x')).rejects.toMatchObject({
      code: 'digest-differs',
      place: 'images/a.png',
    });
  });
});

describe('Inputs that somebody has put into S3', () => {
  test('are fetched; when one is replaced, there is another copy', async () => {
    await s3.put('inputs/xml/a.xml', '<a/>');
    await s3.put('inputs/xml/n1/b.xml', '<b/>');
    const there = await openMachine();
    const copy = await there.fetch('inputs/xml');
    expect(Object.keys(filesIn(copy))).toEqual(['a.xml', 'n1/b.xml']);
    await s3.put('inputs/xml/a.xml', '<c/>');
    const other = await there.fetch('inputs/xml');
    expect(readFileSync(join(other, 'a.xml'), 'utf8')).toBe('<c/>');
    expect(readFileSync(join(copy, 'a.xml'), 'utf8')).toBe('<a/>');
  });

  test('are refused where one is replaced while it is fetched', async () => {
    await s3.put('inputs/a.xml', '<a/>');
    const isConditional = ({ headers }: SeenRequest): boolean => headers['if-match'] !== undefined;
    s3.faults.push({ on: isConditional, fault: { status: 412 } });
    const there = await openMachine();
    await expect(there.fetch('inputs')).rejects.toMatchObject({ code: 'changed-by-another-run' });
  });

  test('may be images of which some are fetched, and are those of any machine', async () => {
    for (const name of ['a', 'b', 'c']) await s3.put(`val/${name}.JPEG`, name);
    await s3.put('val/readme.txt', 'text');
    const [here, there] = [await openMachine(), await openMachine()];
    const none = await here.fetchImages('val', new Set());
    s3.forget();
    const some = await there.fetchImages('val', new Set(['b.JPEG']));
    expect(Object.keys(filesIn(some)).filter((path) => !path.startsWith('.'))).toEqual(['b.JPEG']);
    expect([...(await openImages(some)).places.keys()]).toEqual(['a', 'b', 'c']);
    expect(await fingerprintOf(some)).toBe(await fingerprintOf(none));
    expect(await there.fetchImages('val', new Set(['a.JPEG', 'b.JPEG']))).toBe(some);
    expect(readdirSync(some).sort()).toEqual(['.patchml-listing.jsonl', 'a.JPEG', 'b.JPEG']);
    expect(s3.seen(({ url }) => url.includes('list-type='))).toHaveLength(1);
    expect(s3.seen(isGet)).toHaveLength(2);
    expect(await fingerprintOf(await there.fetch('val'))).toBe(await fingerprintOf(some));
  });

  test('may be an archive of images', async () => {
    await s3.put('val.tar', 'an archive');
    const there = await openMachine();
    const copy = await there.fetchImages('val.tar', new Set(['x']));
    expect(readFileSync(copy, 'utf8')).toBe('an archive');
  });
});

describe('A local copy', () => {
  test.each<[string, (path: string) => void]>([
    [
      'was changed',
      (path) => {
        writeFileSync(path, '#'.repeat(30_000));
      },
    ],
    [
      'was cut off',
      (path) => {
        truncateSync(path, 10);
      },
    ],
    [
      'has grown',
      (path) => {
        appendFileSync(path, '#');
      },
    ],
    [
      'was removed',
      (path) => {
        rmSync(path);
      },
    ],
  ])('of which a file %s is made good', async (_, damage) => {
    const local = writeTree(FILES);
    const here = await openMachine();
    await here.publish(local, 'x');
    const copy = await here.fetch('x');
    damage(join(copy, 'images/a.png'));
    expect(await here.fetch('x')).toBe(copy);
    expect(filesIn(copy)).toEqual(filesIn(local));
  });

  test('is continued where it was cut off', async () => {
    const local = writeTree({ 'patches.bin': bytesOf(4, 400_000) });
    const cache = temporaryFolder();
    const here = await openMachine(cache);
    await here.publish(local, 'x');
    const isPatches = (seen: SeenRequest): boolean => isGet(seen) && seen.url.includes('.bin');
    s3.faults.push({ on: isPatches, times: 1, fault: { cutAnswerAt: 100_000 } });
    s3.faults.push({ on: isPatches, fault: { cutAnswerAt: 0 } });
    await expect(here.fetch('x')).rejects.toMatchObject({ code: 'connection-cut' });
    s3.faults.splice(0);
    s3.forget();
    expect(filesIn(await here.fetch('x'))).toEqual(filesIn(local));
    expect(s3.seen(isPatches).map(({ headers }) => headers.range)).toEqual([
      expect.stringMatching(/^bytes=[1-9]\d*-$/),
    ]);
  });

  test('is continued by another process where a worker was killed', async () => {
    const local = writeTree({ 'patches.bin': bytesOf(4, 400_000) });
    const cache = temporaryFolder();
    await (await openMachine()).publish(local, 'x');
    const child = spawn(process.execPath, ['--input-type=module', '-e', FETCH], {
      env: { ...process.env, ROOT: `${s3.to()}/shapes-1.1.0`, ENDPOINT: s3.url(), CACHE: cache },
      stdio: 'ignore',
    });
    const killed = once(child, 'exit');
    const isPatches = (seen: SeenRequest): boolean => isGet(seen) && seen.url.includes('.bin');
    const kill = (seen: SeenRequest): boolean => isPatches(seen) && child.kill('SIGKILL');
    s3.faults.push({ on: isPatches, times: 1, fault: { cutAnswerAt: 100_000 } });
    s3.faults.push({ on: kill, times: 1, fault: { cutAnswerAt: 0 } });
    expect(await killed).toEqual([null, 'SIGKILL']);
    s3.forget();
    expect(filesIn(await (await openMachine(cache)).fetch('x'))).toEqual(filesIn(local));
    expect(s3.seen(isPatches).map(({ headers }) => headers.range)).toEqual([
      expect.stringMatching(/^bytes=[1-9]\d*-$/),
    ]);
  });

  test('is what it was where S3 is busy and connections are cut', async () => {
    const local = writeTree(FILES);
    const [here, there] = [await openMachine(), await openMachine()];
    s3.faults.push({ on: () => true, times: 3, fault: { status: 503 } });
    await here.publish(local, 'x');
    s3.faults.push({ on: isGet, times: 2, fault: { cutAnswerAt: 10 } });
    s3.faults.push({ on: () => true, times: 3, fault: { status: 503 } });
    expect(filesIn(await there.fetch('x'))).toEqual(filesIn(local));
    expect(s3.waits().length).toBeGreaterThan(6);
  });

  test('is made by several workers of a machine at once', async () => {
    const local = writeTree(FILES);
    const cache = temporaryFolder();
    const workers = await Promise.all([openMachine(cache), openMachine(cache)]);
    await workers[0].publish(local, 'x');
    const copies = await Promise.all([...workers, ...workers].map((worker) => worker.fetch('x')));
    expect(new Set(copies).size).toBe(1);
    expect(filesIn(copies[0]!)).toEqual(filesIn(local));
  });

  test('is stopped by a signal', async () => {
    const here = await openMachine();
    await here.publish(writeTree(FILES), 'x');
    const stopped = { code: 'aborted' };
    await expect(here.fetch('x', AbortSignal.abort())).rejects.toMatchObject(stopped);
    await expect(here.publish(writeTree(FILES), 'y', AbortSignal.abort())).rejects.toMatchObject(
      stopped,
    );
    expect(await here.exists('y')).toBe(false);
  });
});

const problem = whyNoSmallDisk();

(problem === undefined ? describe : describe.skip)(
  `A local copy on a full disk${problem === undefined ? '' : ` (skipped: ${problem})`}`,
  () => {
    let disk: SmallDisk;
    beforeEach(() => {
      disk = mountSmallDisk(2);
    });
    afterEach(() => {
      disk.unmount();
    });

    test('is not begun where it cannot fit', async () => {
      await (await openMachine()).publish(writeTree({ 'a.bin': bytesOf(5, 3 << 20) }), 'x');
      await expect((await openMachine(disk.folder)).fetch('x')).rejects.toMatchObject({
        code: 'not-enough-space',
      });
    });

    test('is not complete where the disk fills up while it is fetched, and is later', async () => {
      const local = writeTree({ 'a.bin': bytesOf(5, 1 << 20) });
      await (await openMachine()).publish(local, 'x');
      const here = await openMachine(disk.folder);
      const fill = (seen: SeenRequest): boolean => {
        if (isGet(seen) && seen.url.includes('a.bin')) disk.fill(100_000);
        return false;
      };
      s3.faults.push({ on: fill, fault: {} });
      await expect(here.fetch('x')).rejects.toMatchObject({ code: 'enospc' });
      s3.faults.splice(0);
      disk.free();
      expect(filesIn(await here.fetch('x'))).toEqual(filesIn(local));
    });
  },
);
