import { randomUUID } from 'node:crypto';
import { lstatSync, realpathSync } from 'node:fs';
import { lstat, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve as resolvePath, sep } from 'node:path';
import { TransferError } from '../errors.js';
import { explainError, explaining } from '../files/file-errors.js';
import { exists, isWithin, makeFolder, partialFolder } from '../files/folders.js';
import { listPlainFiles, requirePlainFiles } from '../files/listing.js';
import { copyWhole } from '../files/output-file.js';
import { syncFile, syncFolder, syncTree } from '../files/sync.js';
import { throwIfAborted } from '../progress.js';
import { parsePlace, requireEndpoint } from '../transfer/open-store.js';
import type { StoreOptions } from '../transfer/store.js';
import { limitCache } from './cache-limit.js';
import { isNotThere, isOutside, partsOfPath } from './storage-path.js';

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
   * A folder on the file system of a shared folder, for what is being made: it is moved from there when
   * it is published, and not copied. It must be on the disk by then. There is none in S3.
   */
  readonly scratch: string | undefined;
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
   * The same of a folder of images, for work that needs some of them: it is opened as if all were
   * there, but those that are not needed may be missing. An archive is fetched completely.
   * @param needed paths from the folder
   */
  fetchImages: (
    relative: string,
    needed: ReadonlySet<string>,
    signal?: AbortSignal,
  ) => Promise<string>;
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

/** How a storage in S3 is opened; a folder needs none of it. */
export interface StorageOptions extends Pick<StoreOptions, 'endpoint'> {
  /**
   * The folder of this machine that keeps copies of what is fetched. It may be removed when no worker
   * runs. Default: `output/cache`
   */
  cache?: string | undefined;
  /**
   * Bytes that the copies may take: more are removed now, the least recently used first, but for those
   * that a process of this machine uses. Default: no limit
   */
  cacheBytes?: number | undefined;
}

/** Whether a storage is in S3, and not a folder. */
export function isRemote({ root }: Pick<Storage, 'root'>): boolean {
  return root.startsWith('s3:');
}

/**
 * Opens the storage of a run.
 * @param root a folder that all machines share, or `s3://BUCKET/PREFIX`
 * @throws OutputError where the folder is absent; TransferError `bad-address`, `bad-endpoint`
 */
export async function openStorage(root: string, options: StorageOptions = {}): Promise<Storage> {
  if (!root.includes('://')) {
    return explaining(async () => openFolderStorage(await realpath(root)), root);
  }
  const place = root.startsWith('s3://') ? parsePlace(root) : undefined;
  if (place?.kind !== 's3' || place.prefix === '') {
    throw new TransferError('this is not the root of a storage', {
      code: 'bad-address',
      path: root.replace(/\/\/[^/]*@/, '//***@'), // it may be a password
      fix: 'pass s3://BUCKET/PREFIX, or a folder that all machines share',
    });
  }
  const endpoint = requireEndpoint(options.endpoint);
  const cache = resolvePath(options.cache ?? join('output', 'cache'));
  if (options.cacheBytes !== undefined) {
    const { cacheBytes } = options;
    await explaining(() => limitCache(cache, cacheBytes), cache);
  }
  const { openS3Storage } = await import('./s3-storage.js'); // slow to load
  return openS3Storage(place, { endpoint, cache });
}

/** Where patchml keeps in a shared folder what is its own. */
export const STORAGE_FOLDER = '.patchml-storage';

/** @param root an absolute path without links */
function openFolderStorage(root: string): Storage {
  const scratch = join(root, STORAGE_FOLDER, 'scratch');
  const resolve = (relative: string): string => {
    const path = join(root, ...partsOfPath(relative));
    requireWithin(path, root, relative);
    return path;
  };
  const fetch = async (relative: string, signal?: AbortSignal): Promise<string> => {
    throwIfAborted(signal, 'pull');
    const path = resolve(relative);
    if (await exists(path)) return path;
    throw isNotThere(path);
  };
  return {
    root,
    scratch,
    resolve,
    fetch,
    fetchImages: (relative, _, signal) => fetch(relative, signal),
    publish: (local, relative, signal) =>
      explaining(() => {
        const put = isWithin(scratch, resolvePath(local)) ? moveTo : copyBeside;
        return putOnce(local, resolve(relative), put, signal);
      }, relative),
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

type Put = (local: string, place: string, signal?: AbortSignal) => Promise<void>;

/**
 * Puts a file or folder at a place where nothing is. Several machines may be at it: each has its own,
 * the first renames it to the place, and the others drop theirs. There is no lock, since that of a
 * machine that has died would stay.
 */
async function putOnce(
  local: string,
  place: string,
  put: Put,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!(await exists(place))) {
    await makeFolder(dirname(place));
    await put(local, place, signal).catch(async (error: unknown) => {
      if (!(await exists(place))) throw error; // else another was first, and may have removed this one
    });
  }
  await removeUnfinished(place);
}

async function moveTo(local: string, place: string, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal, 'push');
  await requirePlainFiles(local);
  await renameInto(local, place);
}

async function copyBeside(local: string, place: string, signal?: AbortSignal): Promise<void> {
  const own = partialFolder(`${place}.${randomUUID()}`);
  try {
    await copyTree(local, own, signal);
    await renameInto(own, place);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function renameInto(own: string, place: string): Promise<void> {
  await rename(own, place);
  await syncFolder(dirname(place));
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
