import { type Dirent, linkSync, realpathSync, rmSync, statSync } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { TransferError } from '../errors.js';

export interface ListedFile {
  /** Path from the listed folder, with `/` between its parts. */
  path: string;
  /** Bytes; -1 for what must not be read: a link out of the folder or to nowhere, a pipe, a device. */
  size: number;
  modified: number;
}

/**
 * Lists the files below a folder that a filter accepts, in byte order of their paths, whatever
 * order the file system has them in. Links to files inside the folder are followed, links to
 * folders are not.
 * @param accepts by file name
 */
export async function listFiles(
  folder: string,
  accepts: (name: string) => boolean,
): Promise<ListedFile[]> {
  const root = await realpath(folder);
  const files: ListedFile[] = [];
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (accepts(entry.name)) files.push(describe(root, path, entry));
    }
  }
  return files.sort((a, b) => byteOrder(a.path, b.path));
}

/** Synchronous: a call takes 3 microseconds, ten times less than through a promise. */
function describe(root: string, path: string, entry: Dirent): ListedFile {
  const full = join(root, path);
  const isReadable = entry.isSymbolicLink() ? leadsInside(root, full) : entry.isFile();
  if (!isReadable) return { path, size: -1, modified: 0 };
  const { size, mtimeMs } = statSync(full);
  return { path, size, modified: mtimeMs };
}

function leadsInside(root: string, link: string): boolean {
  try {
    const target = realpathSync(link);
    return target.startsWith(root + sep) && statSync(target).isFile();
  } catch {
    return false;
  }
}

/** Compares text by code unit: the same order on every machine, whatever its locale. */
export function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Why a file can have no second name: another file system, or one without links. */
const NO_LINKS = ['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/**
 * Gives a file a second name; what is at that name is replaced. Synchronous, as the many small
 * files of a dataset ask for.
 * @returns false where the file system has no such names: the file must be copied
 */
export function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (NO_LINKS.includes(code)) return false;
    if (code !== 'EEXIST') throw error;
    rmSync(to);
    return tryLink(from, to);
  }
}

/**
 * The files below a folder, with their bytes, by path.
 * @throws TransferError `not-a-file` where a link, a pipe or the like is among them
 */
export async function listPlainFiles(folder: string): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile()) files.set(path, (await lstat(join(folder, path))).size);
      else throw notAFile(join(folder, path), entry.isSymbolicLink());
    }
  }
  return files;
}

function notAFile(path: string, isLink: boolean): TransferError {
  return new TransferError(`a release holds plain files, ${isLink ? 'no links' : 'not this'}`, {
    code: 'not-a-file',
    path,
    fix: 'remove it, or make the release again',
  });
}
