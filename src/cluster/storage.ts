import { randomUUID } from 'node:crypto';
import { lstatSync, realpathSync } from 'node:fs';
import { lstat, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { TransferError } from '../errors.js';
import { explainError, explaining } from '../files/file-errors.js';
import { exists, isWithin, makeFolder, partialFolder } from '../files/folders.js';
import { listPlainFiles } from '../files/listing.js';
import { copyWhole } from '../files/output-file.js';
import { syncFile, syncFolder, syncTree } from '../files/sync.js';
import { throwIfAborted } from '../progress.js';

/**
 * Where the inputs, pools, parts and outputs of a run on many machines lie. All are named by paths
 * from its root, with `/` between their parts: `inputs/train`, `work/pool/0123456789abcdef`. A path
 * comes from a queue that others may write to, so every method refuses one that is not below the
 * root (`storage-outside`).
 */
export interface Storage {
  /** Its address: an absolute path without links, or `s3://BUCKET/PREFIX`. */
  readonly root: string;
  /**
   * Where something lies or would lie: an absolute path, or an address.
   * @throws TransferError `storage-outside`
   */
  resolve: (relative: string) => string;
  /**
   * A local path at which a file or folder is complete: of a shared folder the path itself. It must
   * not be changed.
   * @throws TransferError `not-found`, `storage-outside`; AbortedError
   */
  fetch: (relative: string, signal?: AbortSignal) => Promise<string>;
  /**
   * Puts a local file or folder there, complete or absent. What is there already stays: who has
   * published the same work before has published the same.
   * @throws TransferError `not-a-file` for links in it, `storage-outside`; OutputError; AbortedError
   */
  publish: (local: string, relative: string, signal?: AbortSignal) => Promise<void>;
  /** Whether something complete is there. */
  exists: (relative: string) => Promise<boolean>;
  /** Removes what is there, and what interrupted runs left of it. */
  remove: (relative: string) => Promise<void>;
}

/**
 * Opens the storage of a run.
 * @param root a folder that all machines share
 * @throws OutputError where it is absent
 */
export async function openStorage(root: string): Promise<Storage> {
  return explaining(async () => openFolderStorage(await realpath(root)), root);
}

/** @param root an absolute path without links */
function openFolderStorage(root: string): Storage {
  const resolve = (relative: string): string => {
    const path = join(root, ...partsOfPath(relative));
    requireWithin(path, root, relative);
    return path;
  };
  return {
    root,
    resolve,
    async fetch(relative, signal) {
      throwIfAborted(signal, 'pull');
      const path = resolve(relative);
      if (await exists(path)) return path;
      throw new TransferError('there is nothing of this name in the storage', {
        code: 'not-found',
        path,
        fix: 'check the name, and that this machine has the same shared folder',
      });
    },
    publish: (local, relative, signal) =>
      explaining(() => copyInto(local, resolve(relative), signal), relative),
    exists: async (relative) => exists(resolve(relative)),
    async remove(relative) {
      const path = resolve(relative);
      await explaining(async () => {
        await rm(path, { recursive: true, force: true });
        await removeUnfinished(path);
      }, path);
    },
  };
}

/** The most bytes that a name, and a key of S3, may have. */
const MAX_NAME = 255;
const MAX_PATH = 900;

/** What no name needs and some system takes for something else. */
const ODD = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\\:*?"<>|]|^\s|[\s.]$/u;

/**
 * The names in a path from the root.
 * @throws TransferError `storage-outside` unless it leads down from there through plain names
 */
export function partsOfPath(relative: string): string[] {
  const parts = relative.split('/');
  const isPlain = parts.every(
    (part) => part !== '' && Buffer.byteLength(part) <= MAX_NAME && !ODD.test(part),
  );
  if (isPlain && Buffer.byteLength(relative) <= MAX_PATH) return parts;
  throw isOutside('this is not a plain path below the root of the storage', relative);
}

/** The error for a path that a worker does not follow. */
function isOutside(problem: string, place: string, path?: string): TransferError {
  return new TransferError(problem, {
    code: 'storage-outside',
    path,
    place,
    fix: 'name what lies below the root, such as inputs/train',
  });
}

/** Refuses a path one of whose parts is a link that leads out of the root, or to nothing. */
function requireWithin(path: string, root: string, relative: string): void {
  for (let place = path; place !== root; place = dirname(place)) {
    if (!isThere(place)) continue;
    if (isWithin(root, realPathOf(place) ?? sep)) return;
    throw isOutside('a link in this path leads out of the storage', relative, root);
  }
}

/** Whether something has this name, be it a link to nothing. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw explainError(error, path);
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw explainError(error, path);
  }
}

/**
 * Copies a file or folder to a place where nothing is. Several machines may be at it: each has a copy
 * of its own beside the place, the first renames it there, and the others drop theirs. There is no
 * lock, since that of a machine that has died would stay.
 */
async function copyInto(local: string, place: string, signal?: AbortSignal): Promise<void> {
  if (await exists(place)) return;
  const own = partialFolder(`${place}.${randomUUID()}`);
  await makeFolder(dirname(place));
  try {
    await copyTree(local, own, signal);
    await rename(own, place).catch((error: unknown) => {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['EEXIST', 'ENOTEMPTY', 'EISDIR', 'ENOTDIR'].includes(code)) throw error;
    });
    await syncFolder(dirname(place));
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function copyTree(local: string, target: string, signal?: AbortSignal): Promise<void> {
  if ((await lstat(local)).isFile()) {
    await copyWhole(local, target);
    await syncFile(target);
    return;
  }
  await makeFolder(target);
  for (const path of (await listPlainFiles(local)).keys()) {
    throwIfAborted(signal, 'push');
    await makeFolder(dirname(join(target, path)));
    await copyWhole(join(local, path), join(target, path));
  }
  await syncTree(target);
}

/** Removes the copies that machines which died left beside a place. */
async function removeUnfinished(place: string): Promise<void> {
  for (const name of await readdir(dirname(place)).catch(() => [])) {
    const isOfPlace = name.startsWith(`${basename(place)}.`) && UNFINISHED_COPY.test(name);
    if (isOfPlace) await rm(join(dirname(place), name), { recursive: true, force: true });
  }
}

const UNFINISHED_COPY = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.partial$/;
