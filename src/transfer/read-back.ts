import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { TransferError } from '../errors.js';
import { type Again, cutShort, isPassingError } from './retry.js';
import type { Digest, LocalFile, ReleaseFile, Remote, RemoteFile } from './store.js';

/**
 * SHA-256 of a file that a store has, by reading it: after a cut, on from there.
 * @param file its path, and the bytes that it is to have
 */
export async function readBack(
  remote: Pick<Remote, 'place' | 'read'>,
  { path, size }: Pick<ReleaseFile, 'path' | 'size'>,
  tryAgain: Again,
): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (let failed = 1; bytes < size; failed += 1) {
    try {
      for await (const piece of remote.read(path, bytes)) {
        hash.update(piece);
        bytes += piece.length;
        if (bytes > size) break; // another file, however long
      }
      if (bytes < size) throw cutShort(remote.place, path);
    } catch (error) {
      if (!isPassingError(error) || !(await tryAgain(failed))) throw error;
    }
  }
  return hash.digest('hex');
}

/** S3 takes no smaller part, but for the last, bytes. */
const MIN_PART = 5 << 20;
const MAX_PARTS = 10_000;

/**
 * The bytes of a part of a file that goes to S3 in parts; one of no more bytes goes at once. What
 * S3 says of such an object depends on it, so that it is not to change.
 */
export function partSizeOf(size: number): number {
  return Math.max(MIN_PART, Math.ceil(size / MAX_PARTS));
}

/** Room for the lines of half a million files, bytes. */
const MAX_BYTES = 1 << 26;

/**
 * Reads a small file of a store.
 * @throws TransferError `too-large`
 */
export async function readText(
  remote: Pick<Remote, 'place' | 'read'>,
  path: string,
  tryAgain: Again,
): Promise<string> {
  for (let failed = 1; ; failed += 1) {
    try {
      return await readOnce(remote, path);
    } catch (error) {
      if (!isPassingError(error) || !(await tryAgain(failed))) throw error;
    }
  }
}

async function readOnce(remote: Pick<Remote, 'place' | 'read'>, path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of remote.read(path, 0)) {
    bytes += piece.length;
    if (bytes > MAX_BYTES) {
      throw new TransferError('this is too large to be a file that describes a release', {
        code: 'too-large',
        path: remote.place,
        place: path,
        fix: 'do not use this release',
      });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/**
 * Whether a store has this file: by size, then by what the store says of the content, and where
 * that settles nothing, by the content itself.
 * @param readBack the SHA-256 of what the store has
 */
export async function isSameFile(
  file: LocalFile,
  there: RemoteFile | undefined,
  readBack: (file: LocalFile) => Promise<string>,
): Promise<boolean> {
  if (there?.size !== file.size) return false;
  for (const { kind, hex } of there.digests) {
    const isSame = hex === (await DIGESTS[kind](file));
    if (isSame || DECIDING.includes(kind)) return isSame;
  }
  return (await readBack(file)) === file.sha256;
}

/** The kinds that another digest of proves another content. */
const DECIDING: Digest['kind'][] = ['sha256', 'git-blob'];

const DIGESTS: Record<Digest['kind'], (file: LocalFile) => Promise<string> | string> = {
  sha256: ({ sha256 }) => sha256,
  'git-blob': gitBlobDigest,
  'sha256-of-parts': (file) => digestOfParts(file, 'sha256'),
  md5: async ({ file }) => (await digest(file, 'md5')).toString('hex'),
  'md5-of-parts': (file) => digestOfParts(file, 'md5'),
};

/** What git names a file's content: SHA-1 of `blob`, its size, a zero byte, and the bytes. */
async function gitBlobDigest({ file, size }: LocalFile): Promise<string> {
  const hash = createHash('sha1').update(`blob ${size}\0`);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** What S3 computes of a file that was sent in parts: the digest of their digests. */
async function digestOfParts({ file, size }: LocalFile, algorithm: string): Promise<string> {
  const partSize = partSizeOf(size);
  const hash = createHash(algorithm);
  for (let start = 0; start < size; start += partSize) {
    hash.update(await digest(file, algorithm, { start, end: start + partSize - 1 }));
  }
  return hash.digest('hex');
}

/** @param range of which bytes, the last one included; default: of all */
async function digest(
  file: string,
  algorithm: string,
  range: { start?: number; end?: number } = {},
): Promise<Buffer> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, range), hash);
  return hash.digest();
}
