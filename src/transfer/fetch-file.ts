import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TransferError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { makeFolder } from '../files/folders.js';
import { openOutput, type OutputFile } from '../files/output-file.js';
import { hashFiles, type SizedFile } from '../parallel/hash-files.js';
import { SUMS_FILE } from '../release/checksums.js';
import type { ReleaseFile, Store } from './store.js';
import { cutShort } from './store-errors.js';

/**
 * Fetches a file, and moves it to its place in a folder once all of it is there and its digest is
 * right.
 * @param file without a digest, where nobody has made one: then what an earlier run left must be of
 * the same file
 * @returns false where a file with this digest is there already
 * @throws TransferError `digest-differs`; such a file is removed
 */
export async function fetchFile(
  store: Pick<Store, 'place' | 'read'>,
  file: FetchedFile,
  folder: string,
  options: FetchOptions,
): Promise<boolean> {
  const { path, size, sha256: digest } = file;
  const target = join(folder, path);
  const isRight = async (place: string): Promise<boolean> =>
    digest === undefined || (await digestOfFile({ path: place, size }, options.signal)) === digest;
  if (digest !== undefined && (await sizeOf(target)) === size && (await isRight(target))) {
    options.onBytes(size);
    return false;
  }
  const aside = join(options.parts, partName(path));
  await makeFolder(dirname(target));
  // What an earlier run began may be another file: then it is fetched from its start.
  for (const resume of ((await sizeOf(aside)) ?? Infinity) <= size ? [true, false] : [false]) {
    const output = await openOutput(target, { sync: false, aside, resume });
    try {
      await fetchRest(store, file, output, options);
    } catch (error) {
      await output.leave();
      throw error;
    }
    if (await isRight(aside)) {
      await output.close();
      return true;
    }
    options.onBytes(-output.length);
    await output.discard();
  }
  throw new TransferError(OTHER_CONTENT, {
    code: 'digest-differs',
    path: store.place,
    place: path,
    fix: DO_NOT_USE,
  });
}

/** What is said of a file that is not the one that was sent. */
export const OTHER_CONTENT = `its SHA-256 does not match ${SUMS_FILE}`;
export const DO_NOT_USE = 'do not use this release; ask for it to be pushed again';

/** A file of a store. */
export interface FetchedFile extends Pick<ReleaseFile, 'path' | 'size'> {
  sha256?: string | undefined;
}

interface FetchOptions {
  /** The folder of files that are being fetched; what an earlier run left in it is resumed. */
  parts: string;
  signal: AbortSignal | undefined;
  /** Called with the bytes of each piece; negative where pieces had to be discarded. */
  onBytes: (bytes: number) => void;
}

/** Of a large file in a thread: this one has connections to keep. */
async function digestOfFile(
  file: SizedFile,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const hashed = hashFiles([file], { jobs: 2, signal, stage: 'pull' });
  for await (const [, digest] of hashed) return digest;
  return undefined;
}

/** The name of a file while it is fetched. */
export function partName(path: string): string {
  return sha256(path);
}

/** Fetches the bytes of a file that are missing, and no more, however many arrive. */
async function fetchRest(
  store: Pick<Store, 'place' | 'read'>,
  { path, size }: FetchedFile,
  output: OutputFile,
  { signal, onBytes }: FetchOptions,
): Promise<void> {
  onBytes(output.length);
  if (output.length === size) return;
  const write = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const piece of source) {
      const kept = piece.subarray(0, size - output.length);
      await output.write(kept);
      onBytes(kept.length);
      if (output.length === size) return;
    }
    throw cutShort(store.place, path);
  };
  await pipeline(store.read(path, output.length), write, signal ? { signal } : {});
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
