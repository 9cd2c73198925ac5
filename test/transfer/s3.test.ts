import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
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
