import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { SeenRequest } from '../support/faulty-proxy.js';
import type { HubFile } from '../support/hub-server.js';
import { bytesOf, digestsOf, SOME_FILES, tamper, writeRelease } from '../support/made-release.js';
import { testStoreContract } from '../support/store-contract.js';
import { temporaryFolder } from '../support/unit-folder.js';
import { filesIn } from '../support/unit-transfer.js';
import { REPO, useHub } from '../support/use-hub.js';

const hub = useHub();

testStoreContract('the Hub', {
  push: (release, options) => hub.push(release, options),
  pull: (out, options) => hub.pull(out, '1.1.0', options),
  change: (path) => {
    const { content, isLarge } = filesOfMain().get(path)!;
    filesOfMain().set(path, { content: Buffer.alloc(content.length, '#'), isLarge });
  },
  remove: (path) => void filesOfMain().delete(path),
  add: (path) => void filesOfMain().set(path, OTHER),
  contents: () => structuredClone([...hub.state().repos]),
});

describe('A release pushed to the Hub', () => {
  test('makes the repository, one commit and a tag, and comes back the same', async () => {
    const release = writeRelease(temporaryFolder());
    const pushed = await hub.push(release.folder);
    expect(pushed).toMatchObject({ place: `${REPO}@v1.1.0`, files: 7, sent: 7 });
    const repo = hub.state().repos.get('someone/shapes')!;
    expect(repo.commits).toHaveLength(2);
    expect(repo.tags.get('v1.1.0')).toBe(repo.commits[1]!.oid);
    const out = temporaryFolder();
    const { folder, version } = await hub.pull(out);
    expect(version).toBe('1.1.0');
    expect(filesIn(folder)).toEqual(digestsOf(release));
    expect(readdirSync(out)).toEqual(['shapes-1.1.0']);
  });

  test("asks in the official client's order and shape, and sends the token to the Hub alone", async () => {
    const { folder } = writeRelease(temporaryFolder());
    await hub.push(folder);
    const calls = hub.seen(({ method }) => method !== 'GET').map(callOf);
    expect(calls.filter((call, index) => call !== calls[index - 1])).toEqual([
      'POST /api/repos/create',
      'POST /api/datasets/someone/shapes/preupload/main',
      'POST /datasets/someone/shapes.git/info/lfs/objects/batch',
      'to the store of large files',
      'POST /api/datasets/someone/shapes/commit/main',
      'POST /api/datasets/someone/shapes/tag/#',
    ]);
    const [batch] = hub.seen(({ url }) => url.endsWith('/batch'));
    expect(JSON.parse(String(batch!.body))).toMatchObject({
      operation: 'upload',
      transfers: ['basic', 'multipart'],
      hash_algo: 'sha_256',
      objects: [{ size: 70_000 }, { size: 90_000 }],
    });
    for (const { headers } of hub.seen(({ url }) => url.startsWith('/lfs/'))) {
      expect(headers).not.toHaveProperty('authorization');
    }
    // one file at once, one in two parts of 80,000 bytes
    expect(hub.seen(({ method }) => method === 'PUT')).toHaveLength(3);
  });

  test('of a later version replaces the files of the one before, whose tag stays', async () => {
    const first = writeRelease(temporaryFolder());
    await hub.push(first.folder);
    const files = { 'README.md': 'new', 'data/image 1.png': bytesOf(1, 70_000) };
    const second = writeRelease(temporaryFolder(), { version: '2.0.0', files });
    hub.forget();
    await hub.push(second.folder);
    expect(hub.seen(({ method }) => method === 'PUT')).toEqual([]); // the image is there
    expect(filesIn((await hub.pull()).folder)).toEqual(digestsOf(second));
    expect(filesIn((await hub.pull(undefined, '1.1.0')).folder)).toEqual(digestsOf(first));
  });

  test('of a later version removes what is of the one before alone', async () => {
    await hub.push(writeRelease(temporaryFolder()).folder);
    const second = writeRelease(temporaryFolder(), { version: '2.0.0', files: {} });
    hub.forget();
    await hub.push(second.folder);
    const left = [...filesOfMain().keys()].sort();
    expect(left).toEqual(['.gitattributes', 'SHA256SUMS', 'release.json']);
    // what is there to be removed is asked for once
    expect(hub.seen(isRead('SHA256SUMS'))).toHaveLength(2);
    hub.forget();
    await hub.push(writeRelease(temporaryFolder(), { version: '3.0.0' }).folder);
    expect(hub.seen(isRead('SHA256SUMS'))).toEqual([]);
  });

  test.each(['data/notes.txt', 'data/label.png', 'README.md'])(
    'refuses a repository in which someone put %s, and leaves it as it is',
    async (path) => {
      const { 'README.md': readme, ...files } = SOME_FILES;
      expect(readme).toBeDefined();
      await hub.push(writeRelease(temporaryFolder(), { files }).folder);
      filesOfMain().set(path, OTHER);
      const second = writeRelease(temporaryFolder(), { version: '2.0.0', files: {} });
      hub.forget();
      await expect(hub.push(second.folder)).rejects.toMatchObject({
        code: 'foreign-file',
        path: `${REPO}@v2.0.0`,
        place: path,
      });
      expect(hub.seen(({ method }) => method !== 'GET')).toEqual([]);
      expect(filesOfMain().get(path)).toBe(OTHER);
    },
  );

  test('replaces the README.md of a new repository', async () => {
    const { folder } = writeRelease(temporaryFolder(), { files: {} });
    await hub.push(folder);
    const repo = hub.state().repos.get('someone/shapes')!;
    repo.tags.clear();
    repo.commits.splice(1);
    filesOfMain().set('README.md', OTHER);
    await hub.push(folder);
    expect([...filesOfMain().keys()]).not.toContain('README.md');
  });

  test('again is there already, and nothing is sent', async () => {
    const { folder } = writeRelease(temporaryFolder());
    const first = await hub.push(folder);
    expect(first.isNew).toBe(true);
    hub.forget();
    expect(await hub.push(folder)).toEqual({ ...first, isNew: false, sent: 0 });
    expect(hub.seen(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('again ends well where another run has set the tag meanwhile, or the answer was lost', async () => {
    const release = writeRelease(temporaryFolder());
    const on = ({ method, url }: SeenRequest): boolean =>
      method === 'POST' && url.includes('/tag/');
    hub.faults.push({ on, times: 1, fault: { cutAnswerAt: 0 } });
    expect(await hub.push(release.folder)).toMatchObject({ isNew: false, sent: 7 });
    expect(filesIn((await hub.pull()).folder)).toEqual(digestsOf(release));
  });

  test('refuses a tag that is set meanwhile on something else', async () => {
    const { folder } = writeRelease(temporaryFolder());
    const on = ({ method, url }: SeenRequest): boolean => {
      const { commits, tags } = hub.state().repos.get('someone/shapes') ?? { commits: [] };
      if (method === 'POST' && url.includes('/tag/')) tags!.set('v1.1.0', commits[0]!.oid);
      return false;
    };
    hub.faults.push({ on, fault: {} });
    await expect(hub.push(folder)).rejects.toMatchObject({ code: 'version-exists' });
  });

  test('refuses a repository of something else', async () => {
    await hub.push(writeRelease(temporaryFolder()).folder);
    const other = writeRelease(temporaryFolder(), { name: 'letters', version: '3.0.0' });
    await expect(hub.push(other.folder)).rejects.toMatchObject({ code: 'other-repository' });
  });

  test('makes a private repository, and refuses a public one where a private is asked for', async () => {
    const { folder } = writeRelease(temporaryFolder());
    await hub.push(folder, { isPrivate: true });
    const repo = hub.state().repos.get('someone/shapes')!;
    expect(repo.isPrivate).toBe(true);
    repo.isPrivate = false;
    const next = writeRelease(temporaryFolder(), { version: '1.2.0' });
    for (const release of [next.folder, folder]) {
      const push = hub.push(release, { isPrivate: true });
      await expect(push).rejects.toMatchObject({ code: 'other-repository' });
    }
  });

  test('that is tampered with here is refused before anything is asked of the Hub', async () => {
    const release = writeRelease(temporaryFolder());
    tamper(release, 'data/metadata.jsonl');
    await expect(hub.push(release.folder)).rejects.toMatchObject({ code: 'digest-differs' });
    expect(hub.seen(() => true)).toEqual([]);
  });
});

const OTHER: HubFile = { content: Buffer.from('other'), isLarge: false };

function filesOfMain(): Map<string, HubFile> {
  return hub.state().repos.get('someone/shapes')!.commits.at(-1)!.files;
}

/** Whether a request asks for a file's bytes: the client asks for one first. */
function isRead(path: string): (request: SeenRequest) => boolean {
  return ({ url }) => url.includes('/resolve/') && url.endsWith(`/${path}`);
}

function callOf({ method, url }: SeenRequest): string {
  if (url.startsWith('/lfs/')) return 'to the store of large files';
  return `${method} ${url.split('?')[0]!.replace(/[0-9a-f]{40}/, '#')}`;
}

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
