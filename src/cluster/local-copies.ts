import { lstat, readdir, rmdir, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { digestOf } from '../files/digest.js';
import { lockFolder } from '../files/folder-lock.js';
import { makeFolder, requireSpace } from '../files/folders.js';
import { syncFile } from '../files/sync.js';
import { readListing, writeListing } from '../imagenet/images.js';
import { atOnce } from '../parallel/ordered.js';
import { throwIfAborted } from '../progress.js';
import { type FetchedFile, fetchFile } from '../transfer/fetch-file.js';
import type { S3Objects, StoredObject } from '../transfer/s3-objects.js';
import { noteUse, unlessInUse } from './cache-limit.js';

/** A file of a store, as the store says that it is. */
export interface RemoteFile extends FetchedFile, Pick<StoredObject, 'etag' | 'modified'> {}

/** Copies of what a store has, for the workers of this machine; see {@link openLocalCopies}. */
export interface LocalCopies {
  /**
   * The folder that is a copy of these files, whether all of them are in it or not.
   * @param name the folder's own
   */
  folderOf: (name: string, files: readonly RemoteFile[]) => string;
  /** The same of images some of which may be fetched, with a listing of all of them in it. */
  listedFolderOf: (name: string, files: readonly RemoteFile[]) => Promise<string>;
  /** Fetches those of the files that are not in a copy. */
  fill: (folder: string, files: readonly RemoteFile[], from: CopiedFrom) => Promise<void>;
  /** A folder of this process alone. */
  aside: () => Promise<string>;
}

/** Where files are fetched from. */
export interface CopiedFrom extends Pick<S3Objects, 'place' | 'read'> {
  signal: AbortSignal | undefined;
}

const FILES_AT_ONCE = 8;

/**
 * Opens a folder of local copies. A copy lies under the digest of what the store says of its files:
 * when one of them changes, it is another copy. A file is fetched aside, checked, renamed to its
 * place, put on the disk, and only then given the time of its object: one of another size or time is
 * not all there, or was changed since, and is fetched again.
 *
 * Several processes may fetch the same file at once: there is no lock, the last one stays, and they
 * are the same.
 */
export function openLocalCopies(cache: string): LocalCopies {
  let opened: Promise<string> | undefined;
  const aside = (): Promise<string> => (opened ??= openAside(cache));
  const used = new Map<string, Promise<string>>();
  /** Keeps a copy from being removed. @returns where its files go while they are fetched */
  const use = (folder: string): Promise<string> => {
    const id = basename(dirname(folder));
    const note = async (): Promise<string> => {
      await noteUse(cache, await aside(), id);
      return join(await aside(), id);
    };
    const noted = used.get(id) ?? note();
    used.set(id, noted);
    noted.catch(() => used.delete(id));
    return noted;
  };
  const gates = new Map<string, LimitFunction>();
  const placeOf = (kind: string, name: string, files: readonly RemoteFile[]): string =>
    join(cache, digestOf([kind, files]).slice(0, 16), name);
  return {
    aside,
    folderOf: (name, files) => placeOf('files 1', name, files),
    async listedFolderOf(name, files) {
      const folder = placeOf('images 1', name, files);
      await use(folder);
      if ((await readListing(folder)) === undefined) {
        await makeFolder(folder);
        await writeListing(folder, files);
      }
      return folder;
    },
    async fill(folder, files, from) {
      const gate = gates.get(folder) ?? pLimit(1); // in this process, nothing is fetched twice
      gates.set(folder, gate);
      await gate(async () => {
        const parts = await use(folder);
        const missing: RemoteFile[] = [];
        await atOnce(files, FILES_AT_ONCE, async (file) => {
          if (!(await isThere(join(folder, file.path), file))) missing.push(file);
        });
        await makeFolder(folder);
        if (missing.length === 0) return;
        const bytes = missing.reduce((sum, { size }) => sum + size, 0);
        await requireSpace(folder, bytes, 'the local copy');
        await atOnce(missing, FILES_AT_ONCE, async (file) => {
          throwIfAborted(from.signal, 'pull');
          await fetchInto(folder, file, parts, from);
        });
      });
    },
  };
}

/**
 * The folder of what is being fetched: one that a process which has ended left, and then what it has
 * fetched is taken up, or a new one.
 */
async function openAside(cache: string): Promise<string> {
  await makeFolder(cache);
  for (let number = 0; ; number += 1) {
    const folder = join(cache, `incoming-${number}`);
    const unlock = await lockFolder(folder).catch(unlessInUse); // as long as this process lives
    if (unlock === undefined) continue;
    await makeFolder(folder);
    for (const id of await readdir(folder)) {
      await rmdir(join(folder, id)).catch(() => undefined); // where something was being fetched
    }
    return folder;
  }
}

async function isThere(path: string, { size, modified }: RemoteFile): Promise<boolean> {
  const info = await lstat(path).catch(() => undefined);
  return info?.isFile() === true && info.size === size && Math.round(info.mtimeMs) === modified;
}

async function fetchInto(
  folder: string,
  file: RemoteFile,
  parts: string,
  { place, read, signal }: CopiedFrom,
): Promise<void> {
  const store = {
    place,
    read: (path: string, start: number) => read(path, start, file.etag),
  };
  await fetchFile(store, file, folder, { parts, signal, onBytes: () => undefined });
  const path = join(folder, file.path);
  await syncFile(path);
  await utimes(path, file.modified / 1000, file.modified / 1000);
}
