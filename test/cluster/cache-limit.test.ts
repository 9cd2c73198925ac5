// What may be removed from the local copies of a storage in S3: src/cluster/cache-limit.ts.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { openStorage, type Storage } from '../../src/cluster/storage.js';
import { bytesOf } from '../support/made-release.js';
import { useS3 } from '../support/s3-server.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';

const s3 = useS3();

/** The compiled library, for a process of its own. */
const STORAGE = pathToFileURL(resolve('dist/src/cluster/storage.js')).href;

/** Fetches a folder, says where it is, and stays. */
const USE = `
  const { openStorage } = await import(${JSON.stringify(STORAGE)});
  const { ROOT, ENDPOINT, CACHE } = process.env;
  console.log(await (await openStorage(ROOT, { endpoint: ENDPOINT, cache: CACHE })).fetch('second'));
  process.stdin.resume();
`;

const BYTES = 30_000;

test('What no process uses is removed from the cache, the least recently used first', async () => {
  const cache = temporaryFolder();
  const root = `${s3.to()}/shapes-1.1.0`;
  const open = (cacheBytes?: number): Promise<Storage> =>
    openStorage(root, { endpoint: s3.url(), cache, cacheBytes });
  const here = await open();
  for (const [at, name] of ['first', 'second', 'third'].entries()) {
    await here.publish(writeTree({ 'a.bin': bytesOf(at, BYTES) }), name);
  }
  const third = await here.fetch('third');
  const left = writeTree(
    { 'a.part': bytesOf(9, BYTES) },
    join(cache, `incoming-9/${'9'.repeat(16)}`),
  );
  const child = spawn(process.execPath, ['--input-type=module', '-e', USE], {
    env: { ...process.env, ROOT: root, ENDPOINT: s3.url(), CACHE: cache },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const second = String(said).trim();

  // What an earlier process fetched, longer ago than all else, and what one was fetching when it ended.
  const first = writeTree({ 'a.bin': bytesOf(8, BYTES) }, join(cache, 'f'.repeat(16), 'first'));
  for (const [path, time] of [
    [dirname(first), 1],
    [left, 2],
    [dirname(third), 0],
  ] as const) {
    utimesSync(path, time, time);
  }
  const there = (): boolean[] => [first, left, second, third].map((path) => existsSync(path));
  await open(4 * BYTES);
  expect(there()).toEqual([true, true, true, true]);
  await open(3 * BYTES);
  expect(there()).toEqual([false, true, true, true]);
  await open(0);
  expect(there()).toEqual([false, false, true, true]); // in use, here and in the other process
  child.kill('SIGKILL');
  await ended;
  await open(0);
  expect(there()).toEqual([false, false, false, true]);
  expect(readdirSync(cache).filter((name) => name.startsWith('removed-'))).toEqual([]);
  expect(Object.keys(filesIn(await here.fetch('second')))).toEqual(['a.bin']);
});
