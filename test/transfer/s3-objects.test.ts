import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { openS3Client, uploadFile } from '../../src/transfer/s3-objects.js';
import type { Fault, SeenRequest } from '../support/faulty-proxy.js';
import {
  bytesOf,
  digestsOf,
  type MadeRelease,
  SOME_FILES,
  writeRelease,
} from '../support/made-release.js';
import { isPut, isPutOfNew, refuseTaken, useS3 } from '../support/s3-server.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';

const s3 = useS3();

/** The same paths as those of the other release, with other bytes. */
const OTHERS = Object.fromEntries(
  Object.entries(SOME_FILES).map(([path, content]) => [path, bytesOf(7, content.length)]),
);

const KINDS: [string, () => Fault][] = [
  ['knows the condition that none be there', refuseTaken],
  ['ignores that condition', () => ({ on: () => false, fault: {} })],
  ['does not implement it', () => ({ on: isPutOfNew, fault: { status: 501 } })],
];

describe.each(KINDS)('Two pushes at once to a store that %s', (_, conditions) => {
  test('of two releases of one version: one is there, the other is refused', async () => {
    const releases = [SOME_FILES, OTHERS].map((files) =>
      writeRelease(temporaryFolder(), { files }),
    );
    s3.faults.push(conditions());
    const runs = await Promise.allSettled(releases.map(({ folder }) => s3.push(folder)));
    expect(runs.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const failed = runs.find((run) => run.status === 'rejected')!.reason as { code: string };
    expect(['another-push', 'version-exists']).toContain(failed.code);
    const winner = releases[runs.findIndex(({ status }) => status === 'fulfilled')]!;
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(winner));
    expect(s3.objects()).not.toContain('PUSHING');
  });

  test('of one release: both end well', async () => {
    const release = writeRelease(temporaryFolder());
    s3.faults.push(conditions());
    const runs = await Promise.all([s3.push(release.folder), s3.push(release.folder)]);
    expect(runs.some(({ isNew }) => isNew)).toBe(true);
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });
});

describe('A claim to a place in S3', () => {
  test('names the release, goes before all else, and goes once the version is whole', async () => {
    const release = writeRelease(temporaryFolder());
    await s3.push(release.folder);
    const changes = s3.seen(({ method }) => !['GET', 'HEAD'].includes(method));
    expect(changes[0]).toMatchObject({ method: 'PUT', url: expect.stringContaining('/PUSHING?') });
    expect(String(changes[0]!.body)).toBe(`${digestsOf(release)['SHA256SUMS']!}\n`);
    expect(changes.filter(isPutOfNew).map(({ url }) => url.split(/[/?]/).at(-2))).toEqual([
      'PUSHING',
      'SHA256SUMS',
    ]);
    expect(changes.at(-1)).toMatchObject({ method: 'DELETE' });
    expect(s3.objects()).toEqual(Object.keys(release.files).sort());
  });

  test('that cannot be removed is no error, is none of the release, and goes later', async () => {
    const release = writeRelease(temporaryFolder());
    s3.faults.push({ on: ({ method }) => method === 'DELETE', fault: { status: 403 } });
    await s3.push(release.folder);
    expect(s3.objects()).toContain('PUSHING');
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
    s3.faults.splice(0);
    expect(await s3.push(release.folder)).toMatchObject({ isNew: false, sent: 0 });
    expect(s3.objects()).not.toContain('PUSHING');
  });

  test.each([
    ['before anything is sent', isList],
    ['before the mark', isPut],
  ])('that another push has taken over is noticed %s', async (_, when) => {
    const { folder } = writeRelease(temporaryFolder());
    const on = (seen: SeenRequest): boolean => {
      if (when(seen)) writeFileSync(s3.fileOf('PUSHING'), `${'0'.repeat(64)}\n`);
      return false;
    };
    s3.faults.push({ on, fault: {} });
    await expect(s3.push(folder)).rejects.toMatchObject({ code: 'another-push' });
    expect(s3.objects()).not.toContain('SHA256SUMS');
    if (when === isList) expect(s3.seen(isPut)).toEqual([]);
  });

  test('that is being put by another push is asked for again', async () => {
    const release = writeRelease(temporaryFolder());
    s3.faults.push({ on: isPutOfNew, times: 1, fault: { status: 409 } });
    await s3.push(release.folder);
    expect(s3.waits()).toEqual([500]);
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });
});

describe('The mark of a version in S3', () => {
  const isMark = (seen: SeenRequest): boolean =>
    isPutOfNew(seen) && seen.url.includes('SHA256SUMS');

  test('whose answer was lost is found there', async () => {
    const release = writeRelease(temporaryFolder());
    s3.faults.push({ on: isMark, times: 1, fault: { cutAnswerAt: 0 } });
    s3.faults.push({ on: isMark, fault: { status: 412 } });
    expect(await s3.push(release.folder)).toMatchObject({ isNew: false, sent: 6 });
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });

  test('is not put over that of another release', async () => {
    const { folder } = writeRelease(temporaryFolder());
    const on = (seen: SeenRequest): boolean => {
      if (!isMark(seen)) return false;
      writeFileSync(s3.fileOf('SHA256SUMS'), 'of another');
      return true;
    };
    s3.faults.push({ on, fault: { status: 412 } });
    await expect(s3.push(folder)).rejects.toMatchObject({ code: 'version-exists' });
  });

  test('is put on that condition in parts too', async () => {
    const file = join(temporaryFolder(), 'large');
    const size = 6 << 20;
    writeFileSync(file, bytesOf(1, size));
    const client = await openS3Client('', { endpoint: s3.url() });
    const object = { Bucket: 'releases', Key: 'large', IfNoneMatch: '*' as const };
    const local = { path: 'large', file, size, sha256: '' };
    s3.faults.push({ on: isPutOfNew, times: 1, fault: { status: 412 } });
    const upload = uploadFile(client, object, local, undefined);
    await expect(upload).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    await uploadFile(client, object, local, undefined);
    client.destroy();
    const methods = s3.seen(isPutOfNew).map(({ method }) => method);
    expect(methods).toEqual(['POST', 'POST']);
  });
});

function isList({ url }: SeenRequest): boolean {
  return url.includes('list-type=2');
}

const MIB = 1 << 20;
const LARGE = bytesOf(3, 11 * MIB);
/** What is no MD5, as where objects are encrypted. */
const NO_MD5 = { etag: '"0123456789abcdef0123456789abcdef"' };

describe('An object that is there before a push to S3', () => {
  test('is sent again where its bytes are others, whatever its metadata says', async () => {
    const release = writeRelease(temporaryFolder());
    const sha256 = digestsOf(release)['data/image 1.png']!;
    await s3.put('data/image 1.png', '#'.repeat(70_000), { sha256 });
    expect((await s3.push(release.folder)).sent).toBe(6);
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });

  test('is never called there for its metadata, where the store has no digest of it', async () => {
    const release = writeRelease(temporaryFolder());
    const sha256 = digestsOf(release)['data/image 1.png']!;
    await s3.put('data/image 1.png', '#'.repeat(70_000), { sha256 });
    s3.forget();
    s3.faults.push({ on: isHead('image%201.png'), fault: { headers: NO_MD5 } });
    expect((await s3.push(release.folder)).sent).toBe(6);
    for (const { headers } of s3.seen(isPut))
      expect(headers).not.toHaveProperty('x-amz-meta-sha256');
  });
});

describe('A large object that was sent in parts', () => {
  let release: MadeRelease;

  /** All of the release but SHA256SUMS is there. */
  beforeEach(async () => {
    release = writeRelease(temporaryFolder(), { files: { 'large.bin': LARGE } });
    const isSums = (seen: SeenRequest): boolean => isPut(seen) && seen.url.includes('SHA256SUMS');
    s3.faults.push({ on: isSums, fault: { status: 500 } });
    await expect(s3.push(release.folder)).rejects.toMatchObject({ code: 'store-busy' });
    s3.faults.splice(0);
    s3.forget();
  });

  test.each([
    ['the SHA-256 of the SHA-256s of its parts', () => composite(5 * MIB)],
    ['the MD5 of the MD5s of its parts', () => ({ etag: `"${ofParts('md5', 5 * MIB)}-3"` })],
  ])('is known by %s, and neither read back nor sent again', async (_, headers) => {
    s3.faults.push({ on: isHead('large.bin'), fault: { headers: headers() } });
    expect((await s3.push(release.folder)).sent).toBe(0);
    expect(s3.seen(isTransfer('large.bin'))).toEqual([]);
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
  });

  test.each([
    ['parts of another size', () => composite(8 * MIB)],
    ['an ETag that is no MD5', () => NO_MD5],
    ['an ETag that is no digest at all', () => ({ etag: '"abc-def"' })],
    ['no ETag', () => ({ etag: '' })],
  ])('with %s is read back, and not sent again', async (_, headers) => {
    s3.faults.push({ on: isHead('large.bin'), fault: { headers: headers() } });
    expect((await s3.push(release.folder)).sent).toBe(0);
    const transfers = s3.seen(isTransfer('large.bin')).map(({ method }) => method);
    expect(new Set(transfers)).toEqual(new Set(['GET']));
  });

  test('is read on where the connection was cut', async () => {
    s3.faults.push({ on: isHead('large.bin'), fault: { headers: NO_MD5 } });
    s3.faults.push({ on: isTransfer('large.bin'), times: 1, fault: { cutAnswerAt: 3 * MIB } });
    expect((await s3.push(release.folder)).sent).toBe(0);
    const [first, second] = s3.seen(isTransfer('large.bin'));
    expect(first!.headers.range).toBeUndefined();
    expect(second!.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });
});

describe('After a push to S3', () => {
  test('an object that is not what was sent is found by reading it back', async () => {
    const { folder } = writeRelease(temporaryFolder());
    s3.faults.push({ on: isHead('image-2.png'), fault: { headers: NO_MD5 } });
    const spoil = (seen: SeenRequest): boolean => {
      if (seen.method !== 'GET' || !seen.url.includes('image-2.png')) return false;
      writeFileSync(s3.fileOf('data/image-2.png'), '#'.repeat(90_000));
      return false;
    };
    s3.faults.push({ on: spoil, fault: {} });
    await expect(s3.push(folder)).rejects.toMatchObject({
      code: 'not-as-sent',
      place: 'data/image-2.png',
    });
    expect(s3.objects()).not.toContain('SHA256SUMS');
  });

  test("the store's own SHA-256 of the whole decides, whatever its ETag", async () => {
    const release = writeRelease(temporaryFolder());
    const path = 'data/image-2.png';
    const right = Buffer.from(digestsOf(release)[path]!, 'hex').toString('base64');
    const wrong = createHash('sha256').update('other bytes').digest('base64');
    const headers = { ...NO_MD5, 'x-amz-checksum-sha256': right };
    s3.faults.push({ on: isHead(path), times: 1, fault: { headers } });
    s3.faults.push({ on: isHead(path), fault: { headers: { 'x-amz-checksum-sha256': wrong } } });
    await s3.put(path, '#'.repeat(90_000));
    // there by its first SHA-256, then not: neither is looked into
    await expect(s3.push(release.folder)).rejects.toMatchObject({ code: 'not-as-sent' });
    expect(s3.seen(isTransfer('image-2.png')).map(({ method }) => method)).toEqual(['PUT']);
  });
});

function isHead(path: string): (request: SeenRequest) => boolean {
  return ({ method, url }) => method === 'HEAD' && url.includes(path);
}

/** Whether a request carries an object, or a part of it, either way. */
function isTransfer(path: string): (request: SeenRequest) => boolean {
  return ({ method, url }) => ['GET', 'PUT', 'POST'].includes(method) && url.includes(path);
}

/** The digest of the digests of the large file's parts. */
function ofParts(algorithm: string, partSize: number, encoding: 'hex' | 'base64' = 'hex'): string {
  const whole = createHash(algorithm);
  for (let start = 0; start < LARGE.length; start += partSize) {
    const part = LARGE.subarray(start, start + partSize);
    whole.update(createHash(algorithm).update(part).digest());
  }
  return whole.digest(encoding);
}

/** What S3 says of an object in parts; its ETag is of no use here. */
function composite(partSize: number): Record<string, string> {
  const count = Math.ceil(LARGE.length / partSize);
  return {
    ...NO_MD5,
    'x-amz-checksum-sha256': `${ofParts('sha256', partSize, 'base64')}-${count}`,
    'x-amz-checksum-type': 'COMPOSITE',
  };
}
