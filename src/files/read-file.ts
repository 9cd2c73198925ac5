import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  type Stats,
} from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { OutputError, type PatchmlError } from '../errors.js';
import { bytesText } from '../text.js';
import { explainError } from './file-errors.js';

/** What of a file is read. */
export interface ReadLimits {
  /** More bytes than this are not read. */
  maxBytes: number;
  /** The error for a file with more. Default: OutputError `file-too-large` */
  tooLarge?: (() => PatchmlError) | undefined;
  /** The error for a folder, a pipe or a device. Default: OutputError `eisdir`, `file-not-regular` */
  notAFile?: (() => PatchmlError) | undefined;
}

/** Room for the digests or labels of half a million images. */
export const MAX_TEXT_BYTES = 64e6;

/** No photograph is larger. */
export const MAX_IMAGE_BYTES = 256 * 2 ** 20;

/**
 * Reads a regular file that holds no more than a limit. A pipe is not waited for, and a device that
 * never ends is not read.
 * @throws OutputError where the file system fails, or what the limits give
 */
export async function readRegularFile(path: string, limits: ReadLimits): Promise<Buffer> {
  try {
    const file = await open(path, READ);
    try {
      requireRegular(await file.stat(), path, limits);
      return await readUpTo(file, path, limits);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw explain(error, path, limits);
  }
}

/** {@link readRegularFile} as UTF-8. Default: up to 64 MB. */
export async function readRegularText(
  path: string,
  limits: ReadLimits = { maxBytes: MAX_TEXT_BYTES },
): Promise<string> {
  return (await readRegularFile(path, limits)).toString('utf8');
}

/**
 * {@link readRegularFile} without waiting for others: for small files, that is twice as fast.
 * @param room memory that the bytes go into if they fit
 * @throws as {@link readRegularFile}
 */
export function readRegularFileSync(path: string, limits: ReadLimits, room?: Buffer): Buffer {
  const file = openRegularSync(path, limits);
  try {
    const bytes = room && fillFrom(file, room);
    return bytes ?? readFileSync(file);
  } catch (error) {
    throw explain(error, path, limits);
  } finally {
    closeSync(file);
  }
}

/** @returns a file's bytes, at the start of `room`; undefined where they do not fit */
function fillFrom(file: number, room: Buffer): Buffer | undefined {
  let length = 0;
  while (length < room.length) {
    const more = readSync(file, room, length, room.length - length, length);
    if (more === 0) return room.subarray(0, length);
    length += more;
  }
  return undefined;
}

/**
 * Checks a file that is then read as a stream.
 * @throws OutputError where the file system fails, or what the limits give
 */
export async function requireRegularFile(
  path: string,
  limits: ReadLimits = { maxBytes: Infinity },
): Promise<void> {
  try {
    requireRegular(await stat(path), path, limits);
  } catch (error) {
    throw explain(error, path, limits);
  }
}

/** No line that patchml writes is longer, characters. */
export const MAX_LINE = 2 ** 20;

/** Which bytes of a file are read: the first, from 0, and the one behind the last. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * The lines of a text file, each with its `\n`, which the last may lack. A line of more than
 * {@link MAX_LINE} characters is cut, and is the last.
 * @param range of bytes, not empty. Default: all
 * @throws OutputError where the file system fails, or it is no regular file
 */
export async function* readTextLines(path: string, range?: ByteRange): AsyncGenerator<string> {
  await requireRegularFile(path);
  let rest = '';
  const options = { encoding: 'utf8', start: range?.start, end: range && range.end - 1 } as const;
  try {
    for await (const chunk of createReadStream(path, options) as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield `${line}\n`;
      if (rest.length > MAX_LINE) break;
    }
  } catch (error) {
    throw explainError(error, path);
  }
  if (rest !== '') yield rest;
}

/** Opens a regular file for reading. @throws as {@link requireRegularFile} */
export function openRegularSync(path: string, limits: ReadLimits = { maxBytes: Infinity }): number {
  try {
    const file = openSync(path, READ);
    requireRegular(fstatSync(file), path, limits);
    return file;
  } catch (error) {
    throw explain(error, path, limits);
  }
}

/** A pipe that nobody writes to is opened at once, not waited for. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

function requireRegular(info: Stats, path: string, limits: ReadLimits): void {
  if (info.isDirectory()) throw limits.notAFile?.() ?? isFolder(path);
  if (!info.isFile()) throw limits.notAFile?.() ?? notRegular(path);
  if (info.size > limits.maxBytes) throw limits.tooLarge?.() ?? tooLarge(path, limits);
}

/** A file may grow, and those below /proc say that they have no bytes. */
async function readUpTo(file: FileHandle, path: string, limits: ReadLimits): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const { size } = await file.stat();
    const piece = Buffer.allocUnsafe(Math.max(size - bytes, 0) + 1);
    const { bytesRead } = await file.read(piece, 0, piece.length, bytes);
    if (bytesRead === 0) return Buffer.concat(pieces, bytes);
    bytes += bytesRead;
    pieces.push(piece.subarray(0, bytesRead));
    if (bytes > limits.maxBytes) throw limits.tooLarge?.() ?? tooLarge(path, limits);
  }
}

function isFolder(path: string): OutputError {
  return new OutputError('this is a folder, not a file', {
    code: 'eisdir',
    path,
    fix: 'pass a file, not a folder',
  });
}

function notRegular(path: string): OutputError {
  return new OutputError('this is a pipe, device or socket, not a regular file', {
    code: 'file-not-regular',
    path,
    fix: 'save it to a file first',
  });
}

function tooLarge(path: string, { maxBytes }: ReadLimits): OutputError {
  return new OutputError(`this file is larger than ${bytesText(maxBytes)}`, {
    code: 'file-too-large',
    path,
    fix: 'check that it is the right file',
  });
}

/** A socket, and a device that is not there, cannot be opened at all. */
function explain(error: unknown, path: string, { notAFile }: ReadLimits): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENXIO' || code === 'ENODEV') return notAFile?.() ?? notRegular(path);
  return explainError(error, path);
}
