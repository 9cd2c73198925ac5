import { describe, expect, test } from '@jest/globals';
import type { SeenRequest } from '../support/faulty-proxy.js';
import { bytesOf, digestsOf, SOME_FILES, writeRelease } from '../support/made-release.js';
import { isPut, useS3 } from '../support/s3-server.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';

const s3 = useS3();

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
