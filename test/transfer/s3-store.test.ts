import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openS3Client, uploadFile } from '../../src/transfer/s3-objects.js';
import type { Fault, SeenRequest } from '../support/faulty-proxy.js';
import { bytesOf, digestsOf, SOME_FILES, writeRelease } from '../support/made-release.js';
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

  test('that cannot be removed is no error, and is none of the release', async () => {
    const release = writeRelease(temporaryFolder());
    s3.faults.push({ on: ({ method }) => method === 'DELETE', fault: { status: 403 } });
    await s3.push(release.folder);
    expect(s3.objects()).toContain('PUSHING');
    expect(filesIn((await s3.pull()).folder)).toEqual(digestsOf(release));
    expect(await s3.push(release.folder)).toMatchObject({ isNew: false, sent: 0 });
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
