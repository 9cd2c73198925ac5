import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TransferError } from '../../errors.js';
import { sha256, sha256File } from '../../files/digest.js';
import { cutShort, isPassingError } from './explain-store.js';
import type { ReleaseFile, Remote } from './remote.js';
import type { Again } from './retry.js';

export interface FetchOptions {
  /** Where files lie while they are fetched; a part that lies there is gone on from. */
  parts: string;
  tryAgain: Again;
  signal: AbortSignal | undefined;
  /** Called with the bytes of each piece; fewer than 0 where pieces had to be thrown away. */
  onBytes: (bytes: number) => void;
}

/**
 * Fetches a file to its place below a folder, once its digest is right.
 * @returns whether it was fetched; one that is there is not
 * @throws TransferError `digest-differs`; nothing is left of such a file
 */
export async function fetchFile(
  remote: Remote,
  file: ReleaseFile,
  folder: string,
  options: FetchOptions,
): Promise<boolean> {
  const target = join(folder, file.path);
  if ((await sizeOf(target)) === file.size && sha256File(target) === file.sha256) {
    options.onBytes(file.size);
    return false;
  }
  const part = join(options.parts, partName(file.path));
  const isResumed = (await sizeOf(part)) !== undefined;
  await fetchPart(remote, file, part, options);
  if (isResumed && sha256File(part) !== file.sha256) {
    await throwAway(part, options); // an earlier run's, of what was in the store then
    await fetchPart(remote, file, part, options);
  }
  if (sha256File(part) !== file.sha256) {
    await throwAway(part, options);
    throw new TransferError('this is not the file that SHA256SUMS has', {
      code: 'digest-differs',
      path: remote.place,
      place: file.path,
      fix: 'do not use this release, or have it pushed again',
    });
  }
  await mkdir(dirname(target), { recursive: true });
  await rename(part, target);
  return true;
}

/** The name of a file's part, while it is fetched. */
export function partName(path: string): string {
  return sha256(path);
}

/** Fetches what a part lacks, and again from where a connection was cut. */
async function fetchPart(
  remote: Remote,
  file: ReleaseFile,
  part: string,
  options: FetchOptions,
): Promise<void> {
  if (((await sizeOf(part)) ?? 0) > file.size) await rm(part);
  options.onBytes((await sizeOf(part)) ?? 0);
  for (let failed = 0; ;) {
    const start = (await sizeOf(part)) ?? 0;
    if (start === file.size) break;
    try {
      await append(remote.read(file.path, start), part, file.size - start, options);
    } catch (error) {
      failed += 1;
      if (!isPassingError(error) || !(await options.tryAgain(failed))) throw error;
    }
  }
  if (file.size === 0) await writeFile(part, '');
}

/** Appends what is wanted and no more, however much comes. */
async function append(
  source: AsyncIterable<Uint8Array>,
  part: string,
  wanted: number,
  { signal, onBytes }: FetchOptions,
): Promise<void> {
  let left = wanted;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      const kept = piece.subarray(0, left);
      left -= kept.length;
      onBytes(kept.length);
      yield kept;
      if (left === 0) return;
    }
    throw cutShort(part);
  };
  await pipeline(counted(), createWriteStream(part, { flags: 'a' }), signal ? { signal } : {});
}

async function throwAway(part: string, { onBytes }: FetchOptions): Promise<void> {
  onBytes(-((await sizeOf(part)) ?? 0));
  await rm(part);
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
