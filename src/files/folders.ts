import { lstat, mkdir, readdir, realpath, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { OutputError } from '../errors.js';
import { bytesText } from '../text.js';
import { explainError } from './file-errors.js';
import { lockFolder } from './folder-lock.js';
import { syncFolder, syncTree } from './sync.js';

/**
 * The path of a folder of one kind, such as `FolderOf<'dataset'>`: any path is one, but a path that
 * is known to be of another kind is a type error.
 */
export type FolderOf<Kind extends string> = string & { readonly kindOfFolder?: Kind };

/**
 * The folder a stage writes into until its output is complete: beside its place, so that the last
 * step is one rename and a reader sees all of it or nothing.
 */
export function partialFolder(place: string): string {
  return `${place}.partial`;
}

/** Where what was at a place lies while it is replaced. */
export function replacedFolder(place: string): string {
  return `${place}.replaced`;
}

/**
 * Makes a folder completely or not at all: filled beside its place, synced, then renamed. `fill` may
 * resume from what an interrupted run left in the partial folder; only one run at a time fills.
 * @param options.replace false: what has appeared at the place by the end is kept. Default: true
 * @throws OutputError `output-in-use`, `output-exists`, and what `fill` throws
 */
export async function buildFolder(
  place: string,
  fill: (partial: string) => Promise<void>,
  { replace = true }: { replace?: boolean } = {},
): Promise<void> {
  try {
    await makeFolder(dirname(place));
    const unlock = await lockFolder(place);
    try {
      const partial = partialFolder(place);
      await makeFolder(partial);
      await requireNoLink(partial);
      await fill(partial);
      await syncTree(partial);
      await (replace ? swapIn : moveIn)(partial, place);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw explainError(error, place); // a full disk names no path itself
  }
}

/** Makes a folder and those above it. (Node's own recursion never ends below /proc.) */
export async function makeFolder(path: string): Promise<void> {
  if (await exists(path)) return;
  await makeFolder(dirname(path));
  await mkdir(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}

/** A link would lead what is written, and cleared, out of the output folder. */
async function requireNoLink(path: string): Promise<void> {
  if (!(await lstat(path)).isSymbolicLink()) return;
  throw new OutputError('this is a symbolic link, and patchml does not write through one', {
    code: 'output-is-link',
    path,
    fix: 'remove it',
  });
}

async function swapIn(partial: string, place: string): Promise<void> {
  const old = replacedFolder(place);
  await rm(old, { recursive: true, force: true });
  if (await exists(place)) await rename(place, old);
  await rename(partial, place);
  await syncFolder(dirname(place));
  await rm(old, { recursive: true, force: true });
}

/** Into a place where nothing is, or an empty folder. Each step fails where anything else is. */
async function moveIn(partial: string, place: string): Promise<void> {
  try {
    await rmdir(place).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    await rename(partial, place);
    await syncFolder(dirname(place));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(code)) throw error;
    throw new OutputError('something else was written here during the run, and is kept', {
      code: 'output-exists',
      path: place,
      fix: 'check what it is; to write here, move it away and run the same command again',
    });
  }
}

/** Whether something is at this path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw explainError(error, path);
    },
  );
}

/** Whether this folder is absent or holds nothing. */
export async function isEmptyPlace(path: string): Promise<boolean> {
  return !(await exists(path)) || (await readdir(path)).length === 0;
}

/**
 * Whether a place is in a folder, or is that folder.
 * @param place need not exist
 */
export async function isWithin(place: string, folder: string): Promise<boolean> {
  const path = relative(await realpath(folder), await realPlace(place));
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** Where a path leads; its last parts need not exist. */
export async function realPlace(path: string): Promise<string> {
  if (await exists(path)) return realpath(path);
  const full = resolve(path);
  const parent = dirname(full);
  return parent === full ? full : join(await realPlace(parent), relative(parent, full));
}

/** JSON as this project writes it: two spaces, a newline at the end. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Bytes that may still be written at a path, or at its nearest parent that exists. */
export async function freeSpace(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    return freeSpace(parent);
  }
}

/**
 * Checks that an output of about this many bytes fits, before the work starts.
 * @throws OutputError `not-enough-space`
 */
export async function requireSpace(path: string, bytes: number, what: string): Promise<void> {
  const free = await freeSpace(path);
  if (bytes <= free) return;
  throw new OutputError(`${what} needs about ${bytesText(bytes)}, ${bytesText(free)} are free`, {
    code: 'not-enough-space',
    path,
    fix: 'free some space or write to another disk (--work, --out, --to)',
  });
}
