import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { pullRelease } from '../../src/transfer/pull.js';
import { pushRelease } from '../../src/transfer/push.js';
import { digestsOf, writeRelease } from '../support/made-release.js';
import { useS3 } from '../support/s3-server.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';

const s3 = useS3();
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
