import { readdirSync } from 'node:fs';
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
