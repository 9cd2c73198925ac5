import { mkdir, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { OutputError, type PatchmlError } from '../errors.js';
import { bytesText } from '../text.js';
import { explainError } from './file-errors.js';
import { syncFolder } from './sync.js';

/**
 * The path of a folder of one kind, such as `FolderOf<'dataset'>`: any path is one, but a path that
 * is known to be of another kind is a type error.
 */
export type FolderOf<Kind extends string> = string & {
  readonly kindOfText?: 'folder';
  readonly kindOfFolder?: Kind;
};

/**
 * The folder a stage writes into until its output is complete: beside its place, so that the last
 * step is one rename and a reader sees all of it or nothing.
 */
export function partialFolder(place: string): string {
  return `${plainPlace(place)}.partial`;
}

/** Where what was at a place lies while it is replaced. */
export function replacedFolder(place: string): string {
  return `${plainPlace(place)}.replaced`;
}

/** Whether this is a folder that is being made or replaced, or was when a run was killed. */
export function isUnfinished(folder: string): boolean {
  return [partialFolder(''), replacedFolder('')].some((ending) => folder.endsWith(ending));
}

/** A path that ends in a name, so that others can be made of it: `out/`, `.` and `a/..` do not. */
export function plainPlace(path: string): string {
  return path.endsWith('/') || ['.', '..'].includes(basename(path)) ? resolve(path) : path;
}

/**
 * Makes a folder and those above it, and puts their names on the disk. (Node's own recursion never
 * ends below /proc.)
 * @throws OutputError `output-is-link` where one of them is a link that leads nowhere
 */
export async function makeFolder(path: string): Promise<void> {
  if (await exists(path)) return;
  await makeFolder(dirname(path));
  try {
    await mkdir(path);
    await syncFolder(dirname(path)); // or what is put in it would be lost with it
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await exists(path)) return; // another run has made it
    throw new OutputError('this symbolic link is broken', {
      code: 'output-is-link',
      path,
      fix: 'create the folder that it points to, or remove the link',
    });
  }
}

/**
 * Whether something is at this path. Links are followed: one that leads nowhere is nothing to read,
 * but an output must not be written through it (files/output-folder.ts, files/output-file.ts).
 */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw explainError(error, path);
    },
  );
}

/**
 * Checks that a place is not in a folder that must not change, and is not that folder.
 * @param place need not exist
 * @param folder of a dataset
 * @throws the error that `refuse` makes
 */
export async function requireOutside(
  place: string,
  folder: string,
  refuse: (problem: string) => PatchmlError,
): Promise<void> {
  if (!isWithin(await realpath(folder), await realPlace(place))) return;
  throw refuse(`this is inside the dataset ${folder}, which must not change`);
}

/** Whether a place is a folder or in it; both without links in their paths. */
export function isWithin(folder: string, place: string): boolean {
  const path = relative(folder, place);
  return !(path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path));
}

/** Where a path leads; its last parts need not exist. */
export async function realPlace(path: string): Promise<string> {
  if (await exists(path)) return realpath(path);
  const full = resolve(path);
  const parent = dirname(full);
  return parent === full ? full : join(await realPlace(parent), relative(parent, full));
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
  throw new OutputError(
    `${what} needs about ${bytesText(bytes)}, but only ${bytesText(free)} is free`,
    {
      code: 'not-enough-space',
      path,
      fix: 'free some space or write to another disk (--work, --out, --to)',
    },
  );
}
