import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type PatchmlError, TransferError } from '../errors.js';
import { waitToRetry } from '../parallel/retry.js';
import type { Digest, LocalFile, ReleaseFile, Store, StoredFile } from './store.js';
import { isPassingError, cutShort } from './store-errors.js';

/**
 * Whether a store has this file: by size, then by the store's digests of the content, and where
 * those decide nothing, by reading it back.
 * @param there what the store says of the file
 */
export async function hasFile(
  store: Pick<Store, 'place' | 'read'>,
  file: LocalFile,
  there: StoredFile | undefined,
): Promise<boolean> {
  if (there?.size !== file.size) return false;
  for (const { kind, hex } of there.digests) {
    const isSame = hex === (await DIGESTS[kind](file));
    if (isSame || DECIDING.includes(kind)) return isSame;
  }
  return (await readDigest(store, file)) === file.sha256;
}

/** Where a digest of these kinds differs, the content does. */
const DECIDING: Digest['kind'][] = ['sha256', 'git-blob'];

const DIGESTS: Record<Digest['kind'], (file: LocalFile) => Promise<string> | string> = {
  sha256: ({ sha256 }) => sha256,
  'git-blob': gitBlobDigest,
  'sha256-of-parts': (file) => digestOfParts(file, 'sha256'),
  md5: async ({ file }) => (await digest(file, 'md5')).toString('hex'),
  'md5-of-parts': (file) => digestOfParts(file, 'md5'),
};

/** Git's name of a file's content: SHA-1 of `blob`, its size, a zero byte, and the bytes. */
async function gitBlobDigest({ file, size }: LocalFile): Promise<string> {
  const hash = createHash('sha1').update(`blob ${size}\0`);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** S3's digest of a file that was sent in parts: that of the parts' digests. */
async function digestOfParts({ file, size }: LocalFile, algorithm: string): Promise<string> {
  const partSize = partSizeOf(size);
  const hash = createHash(algorithm);
  for (let start = 0; start < size; start += partSize) {
    hash.update(await digest(file, algorithm, { start, end: start + partSize - 1 }));
  }
  return hash.digest('hex');
}

/** The smallest part that S3 takes, but for the last one, bytes. */
const MIN_PART = 5 << 20;
const MAX_PARTS = 10_000;

/**
 * The bytes of a part, for a file that is sent to S3 in parts; a file of no more bytes is sent at
 * once. S3's digests of an object depend on this size, so it must not change.
 */
export function partSizeOf(size: number): number {
  return Math.max(MIN_PART, Math.ceil(size / MAX_PARTS));
}

/** @param range the bytes, the last one included. Default: all */
async function digest(
  file: string,
  algorithm: string,
  range: { start?: number; end?: number } = {},
): Promise<Buffer> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, range), hash);
  return hash.digest();
}

/**
 * The SHA-256 of a file in a store, by reading it.
 * @param file its path, and its size as it should be
 */
export async function readDigest(
  store: Pick<Store, 'place' | 'read'>,
  { path, size }: Pick<ReleaseFile, 'path' | 'size'>,
): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  if (size > 0) {
    for await (const piece of store.read(path, 0)) {
      hash.update(piece);
      bytes += piece.length;
      if (bytes > size) break; // another file, however long
    }
  }
  if (bytes < size) throw cutShort(store.place, path);
  return hash.digest('hex');
}

/** Files that describe a release are smaller, but for the list of its files. */
const MAX_BYTES = 1 << 26;

/**
 * Reads a text file of a store.
 * @param maxBytes more are not read. Default: 64 MiB
 * @throws TransferError `too-large`
 */
export async function readText(
  store: Pick<Store, 'place' | 'read'>,
  path: string,
  maxBytes = MAX_BYTES,
): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of store.read(path, 0)) {
    bytes += piece.length;
    if (bytes > maxBytes) {
      throw new TransferError('this file is too large to describe a release', {
        code: 'too-large',
        path: store.place,
        place: path,
        fix: 'do not use this release',
      });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/**
 * The bytes of a remote file from a place on. Where the connection is cut while they arrive, the
 * rest is asked for.
 * @param open the bytes from a place on; throws {@link FailedRequest} for a request that the
 * store's client has repeated in vain
 */
export async function* readResuming(
  open: (start: number) => AsyncIterable<Uint8Array>,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let next = start;
  for (let failed = 1; ; failed += 1) {
    try {
      for await (const piece of open(next)) {
        next += piece.length;
        yield piece;
      }
      return;
    } catch (error) {
      if (error instanceof FailedRequest) throw error.problem;
      if (!isPassingError(error) || !(await waitToRetry(failed, signal))) throw error;
    }
  }
}

/** A request that failed for good. */
export class FailedRequest extends Error {
  constructor(readonly problem: PatchmlError) {
    super(problem.message);
  }
}
