import { createReadStream } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OutputError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { lockFolder } from '../files/folder-lock.js';
import { exists, isEmptyPlace, makeFolder, partialFolder, requireSpace } from '../files/folders.js';
import { listPlainFiles } from '../files/listing.js';
import { letSignalIn, throwIfAborted } from '../progress.js';
import { SUMS_FILE } from '../release/release-folder.js';
import type { LocalFile, Remote, RemoteFile, SendOptions } from './store.js';

/** What the name of a file ends with until it is whole. */
const CUT_OFF = '.tmp';

/**
 * A version as a folder: filled beside its place, renamed when it is whole.
 * @param place the folder of the version
 */
export function openFolderRemote(place: string, signal: AbortSignal | undefined): Remote {
  const partial = partialFolder(place);
  let unlock: (() => Promise<void>) | undefined;

  const isWhole = (): Promise<boolean> => exists(join(place, SUMS_FILE));
  const list = async (digests: boolean): Promise<Map<string, RemoteFile>> => {
    const folder = (await isWhole()) ? place : partial;
    const files = new Map<string, RemoteFile>();
    if (!(await exists(folder))) return files;
    for (const [path, size] of await listPlainFiles(folder)) {
      await letSignalIn(signal, 'push');
      const hex = digests ? sha256File(join(folder, path)) : undefined;
      files.set(path, { size, digests: hex === undefined ? [] : [{ kind: 'sha256', hex }] });
    }
    return files;
  };

  const put = async (
    files: LocalFile[],
    strays: string[],
    { onBytes }: SendOptions,
  ): Promise<void> => {
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    await requireSpace(place, bytes, 'the release');
    for (const path of strays) await rm(join(partial, path));
    for (const file of files) {
      throwIfAborted(signal, 'push');
      await copyWhole(file, partial);
      onBytes(file.size);
    }
  };

  return {
    place,
    sumsAreTheMark: true,
    ownFiles: [],
    isWhole,
    async prepare() {
      if (!(await isEmptyPlace(place))) {
        throw new OutputError('something else is here', {
          code: 'output-exists',
          path: place,
          fix: 'remove it, or name another folder',
        });
      }
      await makeFolder(dirname(place));
      unlock = await lockFolder(place);
      await makeFolder(partial);
    },
    list,
    findForeign: (strays, ours) => Promise.resolve(strays.find((path) => !isLeftOver(path, ours))),
    put: (...args) => put(...args).catch(explainAt(place)),
    async mark(sums) {
      await copyWhole(sums, partial).catch(explainAt(place));
      await rename(partial, place);
      return true;
    },
    read: (path, start) => createReadStream(join(place, path), { start }),
    close: async () => unlock?.(),
  };
}

/** Copies beside its place first: what is cut off is never taken for a file. */
async function copyWhole({ file, path }: LocalFile, folder: string): Promise<void> {
  const target = join(folder, path);
  await makeFolder(dirname(target));
  await copyFile(file, `${target}${CUT_OFF}`);
  await rename(`${target}${CUT_OFF}`, target);
}

/** Whether a push that was cut off left this file: one on its way. */
function isLeftOver(path: string, ours: ReadonlySet<string>): boolean {
  return path.endsWith(CUT_OFF) && ours.has(path.slice(0, -CUT_OFF.length));
}

/** A full disk names no path itself. */
function explainAt(place: string): (error: unknown) => never {
  return (error) => {
    throw explainError(error, place);
  };
}
