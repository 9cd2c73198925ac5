import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { SeenRequest } from '../support/faulty-proxy.js';
import { digestsOf, writeRelease } from '../support/made-release.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';
import { useHub } from '../support/use-hub.js';

const hub = useHub();

describe('A push to the Hub that is cut', () => {
  test.each([
    ['in the preupload', isCall('/preupload/'), 10],
    ['in a large file', isSend('/lfs/', 0), 40_000],
    ['in the second part of a larger file', isSend('/lfs/', 2), 5_000],
    ['in the commit', isCall('/commit/'), 100],
    ['before the tag', isCall('/tag/'), 1],
  ])(
    '%s goes on later, and sends no large file again that is there',
    async (_, on, cutRequestAt) => {
      const release = writeRelease(temporaryFolder());
      hub.faults.push({ on, fault: { cutRequestAt } });
      await expect(hub.push(release.folder)).rejects.toMatchObject({
        code: 'connection-cut',
        message: expect.stringContaining('run the same command again to resume'),
      });
      await expect(hub.pull(undefined, '1.1.0')).rejects.toMatchObject({ code: 'not-found' });
      hub.faults.splice(0);
      const there = [...hub.state().large.keys()];
      hub.forget();
      await hub.push(release.folder);
      expect(hub.seen(({ url }) => there.some((oid) => url.includes(oid)))).toEqual([]);
      expect(filesIn((await hub.pull()).folder)).toEqual(digestsOf(release));
    },
  );

  test('once is tried again in the same run, a lost answer to the commit too', async () => {
    const release = writeRelease(temporaryFolder());
    hub.faults.push({ on: isCall('/lfs/'), times: 2, fault: { cutRequestAt: 1000 } });
    hub.faults.push({ on: isCall('/commit/'), times: 1, fault: { cutAnswerAt: 0 } });
    await hub.push(release.folder);
    expect(hub.state().repos.get('someone/shapes')!.commits).toHaveLength(2);
    expect(filesIn((await hub.pull()).folder)).toEqual(digestsOf(release));
  });

  test('by 429 and 503 waits as long as the Hub asks for, and not for ever', async () => {
    const release = writeRelease(temporaryFolder());
    const busy = { status: 429, headers: { 'Retry-After': '9' } };
    hub.faults.push({ on: isCall('/commit/'), times: 1, fault: busy });
    hub.faults.push({ on: isCall('/tag/'), fault: { status: 503 } });
    await expect(hub.push(release.folder)).rejects.toMatchObject({ code: 'store-busy' });
    expect(hub.waits()).toEqual([9000, 500, 1000, 2000, 4000]);
    hub.faults.splice(0);
    hub.forget();
    expect((await hub.push(release.folder)).sent).toBe(0);
    expect(hub.seen(({ method }) => method !== 'GET')).toHaveLength(1);
    expect(filesIn((await hub.pull()).folder)).toEqual(digestsOf(release));
  });
});

describe('The Hub that refuses', () => {
  test.each(['hf_aTokenThatIsWrong', 'noTokenAtAll'])(
    'the token %s is not told of it',
    async (token) => {
      const release = writeRelease(temporaryFolder());
      await hub.push(release.folder);
      const next = writeRelease(temporaryFolder(), { version: '1.2.0' });
      const { HF_TOKEN } = process.env;
      process.env['HF_TOKEN'] = token;
      try {
        const runs = [hub.push(next.folder), hub.pull()];
        const errors = await Promise.all(runs.map((run) => run.catch((error: unknown) => error)));
        for (const error of errors) {
          expect(error).toMatchObject({ code: 'no-access' });
          expect(String(error)).toMatch(/refuses these credentials \(401.*HF_TOKEN/);
          expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(
            new RegExp(`${token}|Bearer`),
          );
        }
      } finally {
        process.env['HF_TOKEN'] = HF_TOKEN;
      }
    },
  );

  test('to give a release that is not there', async () => {
    await expect(hub.pull()).rejects.toMatchObject({ code: 'not-found' });
    await expect(hub.pull(undefined, '9.9.9')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('A pull from the Hub', () => {
  test('that is cut goes on within the file', async () => {
    const release = writeRelease(temporaryFolder());
    await hub.push(release.folder);
    const on = ({ url, headers }: SeenRequest): boolean =>
      url.endsWith('image-2.png') && headers.range !== 'bytes=0-0';
    hub.faults.push({ on, times: 1, fault: { cutAnswerAt: 40_000 } });
    hub.faults.push({ on, fault: { cutAnswerAt: 0 } });
    const out = temporaryFolder();
    await expect(hub.pull(out)).rejects.toMatchObject({ code: 'connection-cut' });
    expect(existsSync(join(out, 'shapes-1.1.0'))).toBe(false);
    hub.faults.splice(0);
    hub.forget();
    expect(filesIn((await hub.pull(out)).folder)).toEqual(digestsOf(release));
    expect(hub.seen(on)[0]!.headers.range).toMatch(/^bytes=[1-9]\d*-89999$/);
  });
});

function isCall(part: string): (request: SeenRequest) => boolean {
  return ({ method, url }) => method !== 'GET' && url.includes(part);
}

/** Whether a request sends a file, once some have been sent. */
function isSend(part: string, after: number): (request: SeenRequest) => boolean {
  let sent = 0;
  return (request) => isCall(part)(request) && (sent += 1) > after;
}
