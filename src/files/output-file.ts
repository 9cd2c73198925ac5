import { constants } from 'node:fs';
import { copyFile, type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OutputError } from '../errors.js';
import { explainError } from './file-errors.js';
import { syncFolder } from './sync.js';

/** The end of a file's name while it is written. */
export const UNFINISHED = '.tmp';

/** A file being written beside its place. */
export interface OutputFile {
  /** Bytes so far: those that an interrupted run left, and those written. */
  readonly length: number;
  /** Writes pieces in order, each completely. They must not change until it returns. */
  write(...pieces: readonly Uint8Array[]): Promise<void>;
  /** Syncs it and renames it to its place: it is there completely or not at all. */
  close(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
  /** Keeps it unfinished, for a run that resumes it. */
  leave(): Promise<void>;
}

/** How a file is written. */
export interface OutputFileOptions {
  /** Whether it is synced before its rename. Default: true */
  sync?: boolean | undefined;
  /** Where it is until it is finished, on the same disk. Default: `<path>.tmp` */
  aside?: string | undefined;
  /** Whether to append to what an interrupted run left there. Default: false */
  resume?: boolean | undefined;
}

/**
 * Opens a file for writing beside its place.
 * @throws OutputError where it cannot be written
 */
export async function openOutput(
  path: string,
  {
    sync = true,
    aside: temporary = `${path}${UNFINISHED}`,
    resume = false,
  }: OutputFileOptions = {},
): Promise<OutputFile> {
  const explained = async <T>(act: Promise<T>): Promise<T> =>
    act.catch((error: unknown) => {
      throw explainError(error, path);
    });
  if (!resume) await explained(rm(temporary, { force: true })); // it may be a link to another file
  const file = await explained(open(temporary, resume ? APPEND : 'wx'));
  let length = resume ? (await explained(file.stat())).size : 0;
  const discard = async (): Promise<void> => {
    await file.close();
    await rm(temporary, { force: true });
  };
  return {
    get length() {
      return length;
    },
    async write(...pieces) {
      await explained(writeAll(file, pieces));
      length += pieces.reduce((sum, piece) => sum + piece.length, 0);
    },
    async close() {
      try {
        if (sync) await explained(file.sync());
        await explained(rename(temporary, path));
      } catch (error) {
        await discard();
        throw error;
      }
      await file.close();
      if (sync) await explained(syncFolder(dirname(path)));
    },
    discard,
    leave: () => file.close(),
  };
}

/** To the end of a file, which is made where it is absent; not through a link. */
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/**
 * Checks that nothing is at a file's place, and no link that leads nowhere.
 * @param fix how to go on where there is
 * @throws OutputError `file-exists`
 */
export async function requireNoFile(path: string, fix: string): Promise<void> {
  const info = await lstat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw explainError(error, path);
  });
  if (info === undefined) return;
  throw new OutputError('this file already exists', { code: 'file-exists', path, fix });
}

/** Writes a file beside its place, then renames it there. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: Pick<OutputFileOptions, 'sync'> = {},
): Promise<void> {
  const output = await openOutput(path, options);
  try {
    await output.write(typeof content === 'string' ? Buffer.from(content) : content);
  } catch (error) {
    await output.discard();
    throw error;
  }
  await output.close();
}

/** Copies a file beside a place, then renames it there. Not synced: a folder that is built is. */
export async function copyWhole(from: string, path: string): Promise<void> {
  const temporary = `${path}${UNFINISHED}`;
  try {
    await rm(temporary, { force: true }); // it may be a link to another file
    await copyFile(from, temporary);
    await rename(temporary, path);
  } catch (error) {
    throw explainError(error, path);
  }
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let left = pieces.filter(({ length }) => length > 0);
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left);
    const next = left.findIndex(({ length }) => (bytesWritten -= length) < 0);
    left = next < 0 ? [] : [left[next]!.subarray(bytesWritten), ...left.slice(next + 1)];
  }
}

const WRITE_LENGTH = 2 ** 16;

/** Writes a text file from its lines, each without its end, as they come. */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const output = await openOutput(path);
  try {
    let pending = '';
    for await (const line of lines) {
      pending += `${line}\n`;
      if (pending.length < WRITE_LENGTH) continue;
      await output.write(Buffer.from(pending));
      pending = '';
    }
    await output.write(Buffer.from(pending));
  } catch (error) {
    await output.discard();
    throw error;
  }
  await output.close();
}
