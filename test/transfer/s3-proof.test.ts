import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SeenRequest } from '../support/faulty-proxy.js';
import { bytesOf, digestsOf, type MadeRelease, writeRelease } from '../support/made-release.js';
import { isPut, useS3 } from '../support/s3-server.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';

const s3 = useS3();
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
