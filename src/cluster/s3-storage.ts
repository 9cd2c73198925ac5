import { lstat, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { PatchmlError, TransferError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { byteOrder, listPlainFiles } from '../files/listing.js';
import { writeWhole } from '../files/output-file.js';
import { readListing } from '../imagenet/images.js';
import { hashFiles } from '../parallel/hash-files.js';
import { retry } from '../parallel/retry.js';
import { SUMS_FILE } from '../release/checksums.js';
import { sendAndMark } from '../transfer/push.js';
import { openS3Objects, type S3Objects } from '../transfer/s3-objects.js';
import { CLAIM_FILE, openS3Store } from '../transfer/s3-store.js';
import { isOfNetwork } from '../transfer/store-errors.js';
import { type LocalFile, type StoreOptions, transferring, usingStore } from '../transfer/store.js';
import { type CopiedFrom, openLocalCopies, type RemoteFile } from './local-copies.js';
import { dropClaim, find, type Found, isMarked, removeAll } from './s3-folders.js';
import { isNotThere, partsOfPath } from './storage-path.js';

/**
 * Storage in S3. What is published is a folder of objects like a release: `SHA256SUMS` is its mark,
 * sent last, and a claim says until then, and while it is removed, that it is not complete. A folder
 * with neither is an input that somebody has put there. A file is one object.
 * @param options cache: the folder of the local copies
 */
export function openS3Storage(
  { bucket, prefix }: { bucket: string; prefix: string },
  { endpoint, cache }: Pick<StoreOptions, 'endpoint'> & { cache: string },
) {
  const root = `s3://${bucket}/${prefix}`;
  const resolve = (relative: string): string => [root, ...partsOfPath(relative)].join('/');
  const copies = openLocalCopies(cache);
  /** Folders of images that this process has listed: to list many takes a while. */
  const listed = new Map<string, string>();

  const using = async <T>(
    stage: 'push' | 'pull',
    relative: string,
    signal: AbortSignal | undefined,
    work: (objects: S3Objects, options: StoreOptions) => Promise<T>,
  ): Promise<T> => {
    const place = resolve(relative);
    const attempt = (): Promise<T> =>
      transferring(stage, place, { endpoint, signal }, async (options) => {
        const objects = await openS3Objects({ bucket, prefix }, options);
        try {
          return await work(objects, options);
        } finally {
          await objects.close();
        }
      });
    return retry(attempt, { isPassing: isOfNetwork, signal });
  };

  const requireFound = async (objects: S3Objects, relative: string): Promise<Found> => {
    const found = await find(objects, relative);
    if (found === undefined) throw isNotThere(resolve(relative));
    return found;
  };

  const fetch = (relative: string, signal?: AbortSignal): Promise<string> =>
    using('pull', relative, signal, async (objects, options) => {
      const name = posix.basename(relative);
      const { files, within, isFile } = await requireFound(objects, relative);
      const folder = copies.folderOf(isFile ? 'file' : name, files);
      await copies.fill(folder, files, readIn(objects, within, options));
      return isFile ? join(folder, name) : folder;
    });

  /** Opens the folder of images of which some are fetched, with what all of them are. */
  const openListed = async (
    objects: S3Objects,
    relative: string,
  ): Promise<{ folder: string; images: RemoteFile[] } | undefined> => {
    const known = listed.get(relative);
    const images = known === undefined ? undefined : await readListing(known);
    if (known !== undefined && images) return { folder: known, images };
    const { files, isFile } = await requireFound(objects, relative);
    if (isFile) return undefined;
    const folder = await copies.listedFolderOf(posix.basename(relative), files);
    listed.set(relative, folder);
    return { folder, images: files };
  };

  const sendFolder = async (
    relative: string,
    version: { files: LocalFile[]; sums: LocalFile },
    options: StoreOptions,
  ): Promise<void> => {
    const store = await openS3Store({ bucket, prefix: `${prefix}/${relative}` }, options);
    await usingStore(store, () => sendAndMark(store, version, options));
  };

  return {
    root,
    scratch: undefined,
    resolve,
    fetch,
    fetchImages: (relative: string, needed: ReadonlySet<string>, signal?: AbortSignal) =>
      using('pull', relative, signal, async (objects, options) => {
        const found = await openListed(objects, relative);
        if (!found) return fetch(relative, signal); // an archive
        const some = found.images.filter(({ path }) => needed.has(path));
        await copies.fill(found.folder, some, readIn(objects, relative, options));
        return found.folder;
      }),
    publish: (local: string, relative: string, signal?: AbortSignal) =>
      using('push', relative, signal, async (objects, options) => {
        if (await isMarked(objects, relative)) return dropClaim(objects, relative);
        if ((await lstat(local)).isFile()) return sendFile(objects, local, relative, options);
        const files = await filesIn(local, options);
        const sums = await writeSums(files, await copies.aside());
        try {
          await sendFolder(relative, { files, sums }, options).catch(async (error: unknown) => {
            if (!isLeftByAnother(error)) throw error;
            await removeAll(objects, relative);
            await sendFolder(relative, { files, sums }, options);
          });
        } finally {
          await rm(sums.file, { force: true });
        }
      }),
    exists: (relative: string) =>
      using('pull', relative, undefined, async (objects) => {
        return (await isMarked(objects, relative)) || (await find(objects, relative)) !== undefined;
      }),
    remove: (relative: string) =>
      using('push', relative, undefined, (objects) => removeAll(objects, relative)),
  };
}

/** Reads objects by their paths from a folder in the storage. */
function readIn(objects: S3Objects, folder: string, { signal }: StoreOptions): CopiedFrom {
  const { place, read } = objects;
  return {
    place,
    read: (path, start, etag) => read(posix.join(folder, path), start, etag),
    signal,
  };
}

async function sendFile(
  objects: S3Objects,
  local: string,
  relative: string,
  { signal }: StoreOptions,
): Promise<void> {
  if ((await objects.look(relative)) !== undefined) return;
  const { size } = await lstat(local);
  for (const file of await digestsOf([{ path: relative, size, file: local }], signal)) {
    await objects.sendNew(file);
  }
}

/** @throws TransferError `foreign-file` for a name that is that of a mark or a claim; `not-a-file` */
async function filesIn(folder: string, { signal }: StoreOptions): Promise<LocalFile[]> {
  const files = [...(await listPlainFiles(folder))]
    .map(([path, size]) => ({ path, size, file: join(folder, path) }))
    .sort((a, b) => byteOrder(a.path, b.path));
  const taken = files.find(({ path }) => [SUMS_FILE, CLAIM_FILE].includes(posix.basename(path)));
  if (taken === undefined) return digestsOf(files, signal);
  throw new TransferError('a folder in the storage has a file of this name already, its mark', {
    code: 'foreign-file',
    path: folder,
    place: taken.path,
    fix: 'send a release with "patchml push"',
  });
}

async function digestsOf(
  files: readonly Omit<LocalFile, 'sha256'>[],
  signal: AbortSignal | undefined,
): Promise<LocalFile[]> {
  const hashed: LocalFile[] = [];
  const sized = files.map(({ file: path, size }) => ({ path, size }));
  for await (const [, digest] of hashFiles(sized, { jobs: 2, signal, stage: 'push' })) {
    hashed.push({ ...files[hashed.length]!, sha256: digest! });
  }
  return hashed;
}

/** Writes the mark of a folder into another one, from where it is sent. */
async function writeSums(files: readonly LocalFile[], folder: string): Promise<LocalFile> {
  const text = files.map(({ path, sha256: digest }) => `${digest}  ${path}\n`).join('');
  const digest = sha256(text);
  const file = join(folder, digest);
  await writeWhole(file, text, { sync: false });
  return { path: SUMS_FILE, size: Buffer.byteLength(text), sha256: digest, file };
}

/**
 * Whether other files are at a place and not marked: those of a worker that was killed, or is taken
 * for dead and finds its claim replaced.
 */
function isLeftByAnother(error: unknown): boolean {
  return error instanceof PatchmlError && ['another-push', 'foreign-file'].includes(error.code);
}
