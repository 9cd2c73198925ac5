import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { pullRelease } from '../../src/transfer/pull.js';
import { pushRelease } from '../../src/transfer/push.js';
import type { SeenRequest } from '../support/faulty-proxy.js';
import { bytesOf, digestsOf, SOME_FILES, tamper, writeRelease } from '../support/made-release.js';
import { runCli } from '../support/run-cli.js';
import { isPut, useS3 } from '../support/s3-server.js';
import { testStoreContract } from '../support/store-contract.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';

const s3 = useS3();

testStoreContract('S3', {
  push: (release, options) => s3.push(release, options),
  pull: (out, options) => s3.pull(out, undefined, options),
  change: (path) => s3.put(path, '#'.repeat(statSync(s3.fileOf(path)).size)),
  remove: (path) => s3.remove(path),
  add: (path) => s3.put(path, 'mine'),
  contents: () => s3.objects().map((path) => [path, readFileSync(s3.fileOf(path), 'base64')]),
});

describe('A release pushed to S3', () => {
  test('has its SHA256SUMS as the last object, and comes back the same', async () => {
    const release = writeRelease(temporaryFolder());
    const { place, sent } = await s3.push(release.folder);
    expect({ place, sent }).toEqual({ place: `${s3.to()}/shapes-1.1.0`, sent: 6 });
    const puts = s3.seen(isPut);
    expect(puts).toHaveLength(7);
    expect(puts.at(-1)!.url).toMatch(/\/shapes-1\.1\.0\/SHA256SUMS\?/);
    const out = temporaryFolder();
    const { folder, fetched } = await s3.pull(out);
    expect(fetched).toBe(6);
    expect(filesIn(folder)).toEqual(digestsOf(release));
    expect(readdirSync(out)).toEqual(['shapes-1.1.0']);
  });

  test('goes in parts where a file is large, each with the SHA-256 of its bytes', async () => {
    const files = { ...SOME_FILES, 'large.bin': bytesOf(3, 11 << 20) };
    const release = writeRelease(temporaryFolder(), { files });
    await s3.push(release.folder);
    const parts = s3.seen(({ url }) => url.includes('partNumber='));
    expect(parts.map(({ body }) => body.length)).toEqual([5 << 20, 5 << 20, 1 << 20]);
    for (const { headers } of parts) expect(headers).toHaveProperty('x-amz-checksum-sha256');
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });

  test('again is there already, and nothing is sent', async () => {
    const { folder } = writeRelease(temporaryFolder());
    const first = await s3.push(folder);
    expect(first.isNew).toBe(true);
    s3.forget();
    expect(await s3.push(folder)).toEqual({ ...first, isNew: false, sent: 0 });
    expect(s3.seen(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([]);
  });

  test('of which an older state was cut off is refused until its claim is removed', async () => {
    const first = writeRelease(temporaryFolder(), { files: { 'README.md': 'an old text' } });
    await cutOff(first.folder);
    const release = writeRelease(temporaryFolder());
    await expect(s3.push(release.folder)).rejects.toMatchObject({
      code: 'another-push',
      path: `${s3.to()}/shapes-1.1.0`,
      fix: expect.stringContaining(`remove ${s3.to()}/shapes-1.1.0/PUSHING`),
    });
    expect(s3.objects()).toEqual(['PUSHING', 'README.md', 'release.json']);
    await s3.remove('PUSHING');
    await s3.push(release.folder);
    expect(s3.objects()).toEqual(Object.keys(release.files).sort());
  });

  test('is refused where keys of something else are, which stay as they are', async () => {
    const other = writeRelease(temporaryFolder(), { files: { 'data/old.png': 'old' } });
    await cutOff(other.folder);
    await s3.remove('PUSHING');
    s3.forget();
    const release = writeRelease(temporaryFolder());
    await expect(s3.push(release.folder)).rejects.toMatchObject({
      code: 'foreign-file',
      place: 'data/old.png',
    });
    expect(s3.seen(isPut)).toEqual([]);
    expect(s3.objects()).toEqual(['PUSHING', 'data/old.png', 'release.json']);
  });

  test('of many files makes no warning of the requests under way', async () => {
    const names = Array.from({ length: 24 }, (_, at) => `data/${at}.txt`);
    const files = Object.fromEntries(names.map((name) => [name, name]));
    const { folder } = writeRelease(temporaryFolder(), { files });
    const args = ['push', folder, '--to', s3.to(), '--endpoint', s3.url(), '--quiet'];
    expect(await runCli(args, { cwd: folder })).toMatchObject({ code: 0, stderr: '' });
  });

  test('that is tampered with here is refused before anything is asked of the store', async () => {
    const release = writeRelease(temporaryFolder());
    tamper(release, 'data/image-2.png');
    await expect(s3.push(release.folder)).rejects.toMatchObject({ code: 'digest-differs' });
    expect(s3.seen(() => true)).toEqual([]);
  });
});

/** Pushes a release, all but its SHA256SUMS. */
async function cutOff(folder: string): Promise<void> {
  const isSums = (seen: SeenRequest): boolean => isPut(seen) && seen.url.includes('SHA256SUMS');
  s3.faults.push({ on: isSums, fault: { status: 500 } });
  await expect(s3.push(folder)).rejects.toMatchObject({ code: 'store-busy' });
  s3.faults.splice(0);
}

describe('A push to S3 that fails', () => {
  test.each([
    ['at the first byte of the first file', 1, 0],
    ['in the midst of the third file', 30_000, 2],
    ['at the end of the last file', 1, 5],
    ['before SHA256SUMS', 1, 6],
  ])('%s goes on later, and sends nothing again that is there', async (_, cutRequestAt, after) => {
    const release = writeRelease(temporaryFolder());
    let passed = 0;
    const isCut = (seen: SeenRequest): boolean => isPut(seen) && (passed += 1) > after;
    s3.faults.push({ on: isCut, fault: { cutRequestAt } });
    await expect(s3.push(release.folder)).rejects.toMatchObject({
      code: 'connection-cut',
      message: expect.stringContaining('run the same command again to resume'),
    });
    await expect(s3.pull()).rejects.toMatchObject({ code: 'not-found' });
    const there = s3.objects().filter((path) => path !== 'PUSHING');
    s3.faults.splice(0);
    s3.forget();
    const { sent } = await s3.push(release.folder);
    expect(sent).toBe(6 - there.length);
    const again = s3.seen(
      (seen) => isPut(seen) && there.some((path) => seen.url.includes(encodeURI(path))),
    );
    expect(again).toEqual([]);
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });

  test('by a cut, once, is tried again', async () => {
    const release = writeRelease(temporaryFolder());
    s3.faults.push({ on: isPut, times: 2, fault: { cutRequestAt: 10 } });
    s3.faults.push({ on: isPut, times: 1, fault: { cutAnswerAt: 0 } });
    await s3.push(release.folder);
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });

  test('in the midst of a part of a large file goes on with the others there', async () => {
    const files = { ...SOME_FILES, 'large.bin': bytesOf(3, 6 << 20) };
    const release = writeRelease(temporaryFolder(), { files });
    const isPart = ({ url }: SeenRequest): boolean => url.includes('partNumber=2');
    s3.faults.push({ on: isPart, fault: { cutRequestAt: 500_000 } });
    await expect(s3.push(release.folder)).rejects.toMatchObject({ code: 'connection-cut' });
    // what was sent of the file is not left to be paid for, in either of the two attempts
    expect(s3.seen(({ method }) => method === 'DELETE')).toHaveLength(2);
    s3.faults.splice(0);
    expect((await s3.push(release.folder)).sent).toBeLessThan(7);
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });

  test('with 429 and 503 is tried again, after the time that the server asks for', async () => {
    const release = writeRelease(temporaryFolder(), { files: {} });
    const busy = { status: 503, headers: { 'retry-after': '7' } };
    s3.faults.push({ on: isPut, times: 1, fault: busy });
    s3.faults.push({ on: isPut, times: 2, fault: { status: 429 } });
    await s3.push(release.folder);
    expect(s3.waits()).toEqual([7000, 1000, 2000]);
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });

  test('with 503 each time ends, in time and in one line', async () => {
    const release = writeRelease(temporaryFolder(), { files: {} });
    s3.faults.push({ on: isPut, fault: { status: 503 } });
    await expect(s3.push(release.folder)).rejects.toMatchObject({
      code: 'store-busy',
      message: expect.stringMatching(/^s3:.*the store failed \(503.*run the same.*resume$/),
    });
    expect(s3.waits()).toEqual([500, 1000, 2000, 4000]);
  });

  test('with a wait of an hour ends at once', async () => {
    const release = writeRelease(temporaryFolder(), { files: {} });
    const fault = { status: 503, headers: { 'retry-after': '3600' } };
    s3.faults.push({ on: isPut, fault });
    await expect(s3.push(release.folder)).rejects.toMatchObject({ code: 'store-busy' });
    expect(s3.waits()).toEqual([]);
  });
});

const isImage = ({ method, url }: { method: string; url: string }): boolean =>
  method === 'GET' && url.includes('image-2.png');

describe('A pull from S3', () => {
  test('that is cut within a file goes on from there, in the same run or the next', async () => {
    const release = writeRelease(temporaryFolder());
    await s3.push(release.folder);
    s3.faults.push({ on: isImage, times: 1, fault: { cutAnswerAt: 40_000 } });
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
    const [, again] = s3.seen(isImage);
    expect(again!.headers.range).toMatch(/^bytes=[1-9]\d*-$/);

    const out = temporaryFolder();
    s3.forget();
    s3.faults.push({ on: isImage, times: 1, fault: { cutAnswerAt: 40_000 } });
    s3.faults.push({ on: isImage, fault: { cutAnswerAt: 0 } });
    await expect(s3.pull(out)).rejects.toMatchObject({ code: 'connection-cut' });
    expect(existsSync(join(out, 'shapes-1.1.0'))).toBe(false);
    s3.faults.splice(0);
    s3.forget();
    const { folder, fetched } = await s3.pull(out);
    expect(filesIn(folder)).toEqual(digestsOf(release));
    expect(fetched).toBeLessThan(6);
    expect(s3.seen(isImage)[0]!.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(readdirSync(out)).toEqual(['shapes-1.1.0']);
  });
});

describe('S3 that refuses', () => {
  test('credentials gives one line, and no error holds them', async () => {
    const release = writeRelease(temporaryFolder());
    const { AWS_ACCESS_KEY_ID } = process.env;
    process.env['AWS_ACCESS_KEY_ID'] = 'NOBODYSKEY';
    try {
      const errors = [s3.push(release.folder), s3.pull()].map((run) =>
        run.catch((error: unknown) => error),
      );
      for (const error of await Promise.all(errors)) {
        expect(error).toMatchObject({ code: 'no-access' });
        expect(String(error)).toMatch(/refuses these credentials \(403.*AWS_PROFILE/);
        expect(inspect(error, { depth: 20 })).not.toMatch(/NOBODYSKEY|S3RVER|AWS4-HMAC/);
      }
    } finally {
      process.env['AWS_ACCESS_KEY_ID'] = AWS_ACCESS_KEY_ID;
    }
  });

  test('a bucket that is not there says so', async () => {
    const { folder } = writeRelease(temporaryFolder());
    const endpoint = s3.url();
    const to = 's3://no-such-bucket/x';
    await expect(pushRelease({ release: folder, to }, { endpoint })).rejects.toMatchObject({
      code: 'not-found',
      path: `${to}/shapes-1.1.0`,
    });
    const out = temporaryFolder();
    await expect(pullRelease({ from: to, out }, { endpoint })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
