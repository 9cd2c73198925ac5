import { posix } from 'node:path';
import { TransferError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { byteOrder } from '../files/listing.js';
import { atOnce } from '../parallel/ordered.js';
import { MAX_SUMS_BYTES, parseSums, SUMS_FILE } from '../release/checksums.js';
import { type S3Objects, type StoredObject, undefinedIfNotFound } from '../transfer/s3-objects.js';
import { CLAIM_FILE } from '../transfer/s3-store.js';
import { readText } from '../transfer/stored-files.js';
import type { RemoteFile } from './local-copies.js';
import { partsOfPath } from './storage-path.js';

/** What is complete at a path of a storage in S3. */
export interface Found {
  /** Paths from the folder `within`. */
  files: RemoteFile[];
  within: string;
  /** Whether it is the one object of a file. */
  isFile: boolean;
}

/**
 * Finds what is complete at a path: a folder, or else a file.
 * @returns undefined where nothing is
 */
export async function find(objects: S3Objects, relative: string): Promise<Found | undefined> {
  const files = await filesOf(objects, relative);
  if (files) return { files, within: relative, isFile: false };
  const object = await objects.look(relative);
  if (object === undefined || (await isInUnfinished(objects, relative))) return undefined;
  const file = toRemote(posix.basename(relative), object);
  return { files: [file], within: posix.dirname(relative), isFile: true };
}

/**
 * The files of a folder, in byte order: of a marked folder, or of marked folders in it, those that
 * the mark lists; of a claimed one without a mark, none; and what somebody else has put there.
 */
async function filesOf(objects: S3Objects, folder: string): Promise<RemoteFile[] | undefined> {
  const there = await list(objects, folder);
  const foldersWith = (name: string): Set<string> =>
    new Set(
      [...there.keys()]
        .filter((path) => posix.basename(path) === name)
        .map((path) => posix.dirname(path)),
    );
  const [marked, claimed] = [foldersWith(SUMS_FILE), foldersWith(CLAIM_FILE)];
  const files: RemoteFile[] = [];
  for (const mark of marked) files.push(...(await filesOfMark(objects, folder, mark, there)));
  const others = [...there].filter(([path]) => !isBelow(path, marked) && !isBelow(path, claimed));
  if (others.length > 0 && (await isInUnfinished(objects, folder))) return undefined;
  for (const [path, object] of others) {
    partsOfPath(path); // anybody may have named it
    files.push(toRemote(path, object));
  }
  const isThere = marked.size + others.length > 0;
  return isThere ? files.sort((a, b) => byteOrder(a.path, b.path)) : undefined;
}

/** The objects below a path, but for the empty ones by which consoles show folders. */
async function list(objects: S3Objects, folder: string): Promise<Map<string, StoredObject>> {
  const there = new Map<string, StoredObject>();
  for (const [key, object] of await objects.list(folder)) {
    if (!key.endsWith('/')) there.set(key.slice(folder.length + 1), object);
  }
  return there;
}

/** Whether a path is in one of these folders, the top one being `.`. */
function isBelow(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false;
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    if (folders.has(folder)) return true;
    if (folder === '.' || folder === '/') return false;
  }
}

async function filesOfMark(
  objects: S3Objects,
  folder: string,
  marked: string,
  there: ReadonlyMap<string, StoredObject>,
): Promise<RemoteFile[]> {
  const place = posix.join(folder, marked, SUMS_FILE);
  const sums = parseSums(
    await readText(objects, place, MAX_SUMS_BYTES),
    `${objects.place}/${place}`,
  );
  return [...sums].map(([name, sha256]) => {
    const path = posix.join(marked, name);
    const object = there.get(path);
    if (object !== undefined) return { ...toRemote(path, object), sha256 };
    throw new TransferError(`${SUMS_FILE} lists this file, but the store does not have it`, {
      code: 'missing-file',
      path: `${objects.place}/${posix.join(folder, marked)}`,
      place: name,
      fix: 'remove that folder from the storage, and have it made again',
    });
  });
}

function toRemote(path: string, { size, etag, modified }: StoredObject): RemoteFile {
  return { path, size, etag, modified };
}

/** Whether a folder above a path is claimed and not marked: then what is in it may be half there. */
async function isInUnfinished(objects: S3Objects, relative: string): Promise<boolean> {
  for (let above = posix.dirname(relative); above !== '.'; above = posix.dirname(above)) {
    const has = async (name: string): Promise<boolean> =>
      (await objects.look(`${above}/${name}`)) !== undefined;
    if ((await has(CLAIM_FILE)) && !(await has(SUMS_FILE))) return true;
  }
  return false;
}

/** Whether what is published at a path is complete. */
export async function isMarked(objects: S3Objects, relative: string): Promise<boolean> {
  return (await objects.look(`${relative}/${SUMS_FILE}`)) !== undefined;
}

/** Removes the claim of a publication that was cut off behind its mark. */
export async function dropClaim(objects: S3Objects, relative: string): Promise<void> {
  const read = (name: string): Promise<string | undefined> =>
    readText(objects, `${relative}/${name}`).catch(undefinedIfNotFound);
  const claim = await read(CLAIM_FILE);
  const sums = claim === undefined ? undefined : await read(SUMS_FILE);
  if (sums !== undefined && claim === `${sha256(sums)}\n`) {
    await objects.remove(`${relative}/${CLAIM_FILE}`);
  }
}

const REMOVED_AT_ONCE = 16;

/**
 * Removes all that is at a path. A marked folder is claimed before its mark is removed, and its claim
 * goes last: where this ends halfway, the rest does not look like an input.
 */
export async function removeAll(objects: S3Objects, relative: string): Promise<void> {
  const paths = [...(await objects.list(relative)).keys()];
  const named = (name: string): string[] => paths.filter((path) => posix.basename(path) === name);
  const [marks, claims] = [named(SUMS_FILE), new Set(named(CLAIM_FILE))];
  for (const mark of marks) {
    const claim = posix.join(posix.dirname(mark), CLAIM_FILE);
    if (claims.has(claim)) continue;
    await objects.putNew(claim, 'removed\n');
    claims.add(claim);
  }
  const remove = (which: Iterable<string>): Promise<void> =>
    atOnce(which, REMOVED_AT_ONCE, (path) => objects.remove(path));
  await remove(marks);
  await remove(paths.filter((path) => posix.basename(path) !== SUMS_FILE && !claims.has(path)));
  await remove(claims);
  await objects.remove(relative); // where it is a file
}
