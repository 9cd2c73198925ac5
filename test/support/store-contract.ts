import { getEventListeners, getMaxListeners } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Progress } from '../../src/progress.js';
import type { Pulled, PullOptions } from '../../src/transfer/pull.js';
import type { Pushed, PushOptions } from '../../src/transfer/push.js';
import { digestsOf, tamper, writeRelease } from './made-release.js';
import { temporaryFolder } from './unit-folder.js';
import { filesIn } from './unit-transfer.js';

/** What the contract needs of a store: it is empty before each test. */
export interface StoreUnderTest {
  push: (release: string, options?: PushOptions) => Promise<Pushed>;
  /** Pulls version 1.1.0. */
  pull: (out: string, options?: PullOptions) => Promise<Pulled>;
  /** Puts other bytes, as many, in the place of a file of version 1.1.0. */
  change: (path: string) => Promise<void> | void;
  remove: (path: string) => Promise<void> | void;
  add: (path: string) => Promise<void> | void;
  /** All that the store holds, to be compared. */
  contents: () => unknown;
}

const IMAGE = 'data/image-2.png';

/** What every store does alike. */
export function testStoreContract(name: string, store: StoreUnderTest): void {
  describe(`A store, here ${name},`, () => {
    test('gives back what was pushed to it', async () => {
      const release = writeRelease(temporaryFolder());
      const pushed = await store.push(release.folder);
      expect(pushed).toMatchObject({ name: 'shapes', version: '1.1.0', files: 7, isNew: true });
      const out = temporaryFolder();
      const pulled = await store.pull(out);
      const folder = join(out, 'shapes-1.1.0');
      const { bytes } = pushed;
      expect(pulled).toMatchObject({ folder, name: 'shapes', version: '1.1.0', files: 7, bytes });
      expect(pulled.fetched).toBe(6);
      expect(filesIn(folder)).toEqual(digestsOf(release));
      expect(readdirSync(out)).toEqual(['shapes-1.1.0']);
    });

    test('tells the progress in bytes, both ways', async () => {
      const { folder } = writeRelease(temporaryFolder());
      const steps: Progress[] = [];
      const onProgress = (progress: Progress): void => void steps.push(progress);
      await store.push(folder, { onProgress });
      await store.pull(temporaryFolder(), { onProgress });
      for (const stage of ['push', 'pull']) {
        const own = steps.filter((step) => step.stage === stage);
        const done = own.map((step) => step.done);
        expect(done).toEqual([...done].sort((a, b) => a - b));
        expect(own.at(-1)).toMatchObject({ done: own[0]!.total, unit: 'bytes' });
      }
    });

    test('has a release that is pushed again already, and sends nothing', async () => {
      const { folder } = writeRelease(temporaryFolder());
      const first = await store.push(folder);
      const before = store.contents();
      expect(await store.push(folder)).toEqual({ ...first, isNew: false, sent: 0 });
      expect(store.contents()).toEqual(before);
    });

    test('refuses another release under the same version, and takes the next version', async () => {
      const first = writeRelease(temporaryFolder());
      await store.push(first.folder);
      const before = store.contents();
      const other = writeRelease(temporaryFolder(), { files: { 'README.md': 'other' } });
      await expect(store.push(other.folder)).rejects.toMatchObject({ code: 'version-exists' });
      expect(store.contents()).toEqual(before);
      const next = writeRelease(temporaryFolder(), { version: '1.1.1' });
      expect(await store.push(next.folder)).toMatchObject({ version: '1.1.1', isNew: true });
      expect(filesIn((await store.pull(temporaryFolder())).folder)).toEqual(digestsOf(first));
    });

    test.each([
      ['changed', 'change', IMAGE],
      ['removed', 'remove', IMAGE],
      ['added', 'add', 'data/notes.txt'],
    ] as const)(
      'refuses to push again where a file was %s since, and mends nothing',
      async (_, spoil, path) => {
        const { folder } = writeRelease(temporaryFolder());
        await store.push(folder);
        await store[spoil](path);
        const before = store.contents();
        await expect(store.push(folder)).rejects.toMatchObject({
          code: 'not-as-sent',
          place: path,
        });
        expect(store.contents()).toEqual(before);
      },
    );

    test('is sent nothing of a release that was tampered with here', async () => {
      const before = store.contents();
      const release = writeRelease(temporaryFolder());
      tamper(release, IMAGE);
      await expect(store.push(release.folder)).rejects.toMatchObject({ code: 'digest-differs' });
      expect(store.contents()).toEqual(before);
    });

    test.each([
      ['changed', 'change', IMAGE, 'digest-differs'],
      ['removed', 'remove', IMAGE, 'missing-file'],
      ['added', 'add', 'data/notes.txt', 'foreign-file'],
    ] as const)(
      'gives no release where a file was %s since, nor anything that looks like one',
      async (_, spoil, path, code) => {
        await store.push(writeRelease(temporaryFolder()).folder);
        await store[spoil](path);
        const out = temporaryFolder();
        await expect(store.pull(out)).rejects.toMatchObject({ code, place: path });
        expect(existsSync(join(out, 'shapes-1.1.0'))).toBe(false);
        expect(existsSync(join(out, 'shapes-1.1.0.partial', IMAGE))).toBe(false);
      },
    );

    test('has no release that was not pushed', async () => {
      await expect(store.pull(temporaryFolder())).rejects.toMatchObject({ code: 'not-found' });
    });

    test('has no release whose push was stopped; the same call completes it', async () => {
      const release = writeRelease(temporaryFolder());
      await expect(store.push(release.folder, stopAtOnce())).rejects.toMatchObject({
        code: 'aborted',
      });
      await expect(store.pull(temporaryFolder())).rejects.toMatchObject({ code: 'not-found' });
      await store.push(release.folder);
      expect(filesIn((await store.pull(temporaryFolder())).folder)).toEqual(digestsOf(release));
    });

    test('leaves nothing that looks like a release where a pull was stopped', async () => {
      const release = writeRelease(temporaryFolder());
      await store.push(release.folder);
      const out = temporaryFolder();
      await expect(store.pull(out, stopAtOnce())).rejects.toMatchObject({ code: 'aborted' });
      expect(existsSync(join(out, 'shapes-1.1.0'))).toBe(false);
      expect(filesIn((await store.pull(out)).folder)).toEqual(digestsOf(release));
      expect(readdirSync(out)).toEqual(['shapes-1.1.0']);
    });

    test("leaves the caller's signal and environment as they are", async () => {
      const { signal } = new AbortController();
      const limit = getMaxListeners(signal);
      const environment = { ...process.env };
      let most = 0;
      const onProgress = (): void => {
        most = Math.max(most, getEventListeners(signal, 'abort').length);
      };
      await store.push(writeRelease(temporaryFolder()).folder, { signal, onProgress });
      await store.pull(temporaryFolder(), { signal, onProgress });
      expect({ most, limit: getMaxListeners(signal) }).toEqual({ most: 0, limit });
      expect({ ...process.env }).toEqual(environment);
    });
  });
}

/** Stops a transfer once something was transferred. */
function stopAtOnce(): { signal: AbortSignal; onProgress: (progress: Progress) => void } {
  const controller = new AbortController();
  const onProgress = ({ done }: Progress): void => {
    if (done > 0) controller.abort();
  };
  return { signal: controller.signal, onProgress };
}
