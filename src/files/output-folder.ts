import { lstat, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ErrorCode, OutputError, type PatchmlError } from '../errors.js';
import { explainError } from './file-errors.js';
import { lockFolder } from './folder-lock.js';
import { makeFolder, partialFolder, plainPlace, replacedFolder } from './folders.js';
import { toJson } from './json.js';
import { readRegularText } from './read-file.js';
import { syncFolder, syncTree } from './sync.js';

/** One kind of output folder: what may be overwritten by one, and cleared on the way to it. */
export interface OutputKind {
  /** What it is, in messages: `a dataset`. */
  what: string;
  /** The code of the error where something else is in the way. */
  code: ErrorCode;
  /** That error. Default: OutputError */
  Failure?: typeof PatchmlError;
  /** Finds in a folder that is not empty what is not of this kind. Default: all of it */
  foreign?: FindForeign;
  /**
   * The same for the unfinished folder of an interrupted run. Default: all of it, unless
   * {@link buildFolder} noted there what it is.
   */
  foreignUnfinished?: FindForeign;
}

/**
 * Looks through a folder that is not empty.
 * @returns the first name that does not belong there; undefined where all of them do
 */
export type FindForeign = (
  folder: string,
  names: readonly string[],
) => string | undefined | Promise<string | undefined>;

/** Takes a folder with one of these files for one of ours, whatever else is in it. */
export function withOneOf(...markers: readonly string[]): FindForeign {
  return (_, names) => (markers.some((marker) => names.includes(marker)) ? undefined : names[0]);
}

/**
 * Checks that an output folder may be written, before the work that leads to it: what is at its
 * place, and what an interrupted run left beside it, is of its kind.
 * @returns `free` where nothing is there, or an empty folder; `taken` by one of this kind
 * @throws OutputError `output-is-link` for a link to nothing or to an empty folder; the kind's error
 * where something else is there
 */
export async function requirePlace(folder: string, kind: OutputKind): Promise<'free' | 'taken'> {
  const names = await listNames(folder);
  if (names.length === 0) await requireNoLink(folder);
  else {
    const found = await (kind.foreign ?? firstName)(folder, names);
    if (found !== undefined) throw isForeign(folder, found, kind);
  }
  if (kind.foreign) await requireLeftover(replacedFolder(folder), kind, kind.foreign);
  await requireUnfinished(partialFolder(folder), kind);
  return names.length === 0 ? 'free' : 'taken';
}

/**
 * Checks that a folder beside an output's place holds nothing but what an interrupted run left.
 * @throws the kind's error, which names the first file that is something else
 */
export function requireUnfinished(folder: string, kind: OutputKind): Promise<void> {
  return requireLeftover(folder, kind, kind.foreignUnfinished ?? firstName);
}

async function requireLeftover(
  folder: string,
  { code, Failure = OutputError }: OutputKind,
  find: FindForeign,
): Promise<void> {
  const names = await listNames(folder);
  if (names.length === 0 || names.includes(NOTE_FILE)) return;
  const place = await find(folder, names);
  if (place === undefined) return;
  throw new Failure('this was not left by an interrupted run, so it is kept', {
    code,
    path: folder,
    place,
    fix: 'move or remove this folder, or choose another output folder',
  });
}

function firstName(_: string, names: readonly string[]): string | undefined {
  return names[0];
}

async function listNames(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw explainError(error, folder);
  });
}

function isForeign(
  path: string,
  name: string,
  { what, code, foreign, Failure = OutputError }: OutputKind,
): PatchmlError {
  const problem = foreign ? `holds ${name}, which is not part of ${what}` : 'is not empty';
  return new Failure(`this folder ${problem}`, {
    code,
    path,
    fix: 'choose another output folder, or move or remove this one',
  });
}

/** In an unfinished folder, and in one that is being removed: which output it is of. */
export const NOTE_FILE = 'origin.json';

/** How an output folder is put in its place. */
export interface BuildOptions {
  /** Whether what has appeared at the place by the end is replaced. Default: true */
  replace?: boolean | undefined;
  /**
   * What may be at the place, and in the unfinished folder, which is then cleared. Default: it is
   * patchml's own work folder, and an interrupted run is continued.
   */
  kind?: OutputKind | undefined;
  /** What determines the output, as JSON: an interrupted run with the same is continued. */
  origin?: object | undefined;
  /** Which of its files are on the disk already, by their paths in it: their names alone are synced. */
  isOnDisk?: ((path: string) => boolean) | undefined;
}

/** A folder that is being made beside its place, by one run at a time. */
export interface OutputFolder {
  /** Where its files go. */
  partial: string;
  /** Puts it on the disk, then in its place. */
  put(): Promise<void>;
  /** Lets other runs make it. What is unfinished stays, for the next one. */
  close(): Promise<void>;
}

/**
 * Makes a folder completely or not at all: filled beside its place, synced, then renamed. `fill` may
 * resume from what an interrupted run left in the partial folder; only one run at a time fills.
 * @throws OutputError `output-in-use`, `output-exists`, `output-is-link`; the kind's error; what
 * `fill` throws
 */
export async function buildFolder(
  place: string,
  fill: (partial: string) => Promise<void>,
  options: BuildOptions = {},
): Promise<void> {
  const output = await openOutputFolder(place, options);
  try {
    await fill(output.partial);
    await output.put();
  } catch (error) {
    throw explainError(error, place); // a full disk names no path itself
  } finally {
    await output.close();
  }
}

/** {@link buildFolder} in steps: what was opened must be closed. */
export async function openOutputFolder(
  folder: string,
  { replace = true, kind, origin, isOnDisk }: BuildOptions = {},
): Promise<OutputFolder> {
  const place = plainPlace(folder);
  const partial = partialFolder(place);
  const explained = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw explainError(error, place); // a full disk names no path itself
    });
  await explained(makeFolder(dirname(place)));
  const unlock = await explained(lockFolder(place));
  const close = async (): Promise<void> => {
    await rmdir(partial).catch(() => undefined); // where nothing was written to it
    await unlock();
  };
  try {
    for (const path of [place, partial]) await requireNoLink(path);
    await explained(makeFolder(partial));
    if (kind) await explained(takeOver(partial, kind, origin));
  } catch (error) {
    await close();
    throw error;
  }
  const put = async (): Promise<void> => {
    await syncTree(partial, isOnDisk);
    if (kind) {
      if (replace) await requirePlace(place, kind); // something else may have come there
      await rm(join(partial, NOTE_FILE));
    }
    await (replace ? swapIn : moveIn)(partial, place);
  };
  return { partial, put: () => explained(put()), close: () => explained(close()) };
}

/**
 * A link at an output's place would lead what is written, and cleared, to somewhere else.
 * @throws OutputError `output-is-link`
 */
export async function requireNoLink(path: string): Promise<void> {
  const info = await lstat(plainPlace(path)).catch(() => undefined);
  if (!info?.isSymbolicLink()) return;
  throw new OutputError('this is a symbolic link, which patchml does not write through', {
    code: 'output-is-link',
    path,
    fix: 'pass the folder that it points to, or remove the link',
  });
}

/** Clears a partial folder, unless an interrupted run with this very origin left it; notes whose it is. */
async function takeOver(
  partial: string,
  kind: OutputKind,
  origin: object | undefined,
): Promise<void> {
  await requireUnfinished(partial, kind);
  const note = join(partial, NOTE_FILE);
  const text = toJson(origin ?? { unfinished: kind.what });
  const before = await readRegularText(note).catch(() => undefined);
  if (origin && before === text) return;
  await clear(partial);
  await writeFile(note, text);
}

/** Removes all that is in a folder, but for a note that says so should the run be killed here. */
async function clear(folder: string): Promise<void> {
  const note = join(folder, NOTE_FILE);
  await requireNoLink(note);
  await writeFile(note, toJson('being cleared'));
  for (const name of await readdir(folder)) {
    if (name !== NOTE_FILE) await rm(join(folder, name), { recursive: true });
  }
}

async function swapIn(partial: string, place: string): Promise<void> {
  const old = replacedFolder(place);
  await removeFolder(old);
  await rename(place, old).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
  await rename(partial, place);
  await syncFolder(dirname(place));
  await removeFolder(old);
}

/** Removes a folder, in which the note stays until the end, unless the disk has no room for one. */
async function removeFolder(folder: string): Promise<void> {
  const info = await lstat(folder).catch(() => undefined);
  if (info?.isDirectory()) await clear(folder).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
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
    throw new OutputError('this was written here by something else during the run, so it is kept', {
      code: 'output-exists',
      path: place,
      fix: 'move or remove it, then run the same command again',
    });
  }
}
