import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ErrorCode, AbortedError, OutputError, TransferError } from '../errors.js';
import { sha256, sha256File } from '../files/digest.js';
import { buildFolder, isEmptyPlace, requireSpace } from '../files/folders.js';
import { listPlainFiles } from '../files/listing.js';
import { atOnce } from '../parallel/ordered.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import {
  parseReleaseInfo,
  parseSums,
  RELEASE_FILE,
  type ReleaseFolder,
  type ReleaseInfo,
  SUMS_FILE,
} from '../release/release-folder.js';
import { requireOutsideRelease } from '../release/release.js';
import { openForPull } from './open-store.js';
import { readText } from './read-back.js';
import { type Again, cutShort, isPassingError, retryPolicy } from './retry.js';
import { folderName, type ReleaseFile, type Remote, type StoreOptions } from './store.js';

/** What is fetched, and where it goes. */
export interface PullInput {
  /** The address that `pushRelease` returned. */
  from: string;
  /** The folder in which the release folder `<name>-<version>` is made. */
  out: string;
}

/** How a release is fetched. */
export interface PullOptions extends StoreOptions, Pick<StageOptions, 'signal' | 'onProgress'> {
  /** The version, for an `hf://` address that names none. Default: the one pushed last. */
  version?: string | undefined;
}

/** A release that was fetched. */
export interface Pulled {
  folder: ReleaseFolder;
  name: string;
  version: string;
  /** Files of the release, `SHA256SUMS` included. */
  files: number;
  bytes: number;
  /** Files that this run fetched; the others an earlier run had. */
  fetched: number;
}

const FILES_AT_ONCE = 4;

/**
 * Fetches a release and checks every file against its `SHA256SUMS`. Its folder is there once it is
 * whole; what an interrupted run fetched is gone on from.
 * @throws TransferError `not-found`, `digest-differs`, `foreign-file`, `missing-file`,
 * `bad-sums` ...; AbortedError, after which the same call goes on
 */
export async function pullRelease(
  { from, out }: PullInput,
  options: PullOptions = {},
): Promise<Pulled> {
  const { signal } = options;
  const remote = await openForPull(from, options);
  try {
    return await pull(remote, out, options);
  } catch (error) {
    throw signal?.aborted ? new AbortedError('pull') : error;
  } finally {
    await remote.close();
  }
}

async function pull(remote: Remote, out: string, options: PullOptions): Promise<Pulled> {
  const { signal, onProgress } = options;
  await requireOutsideRelease(out);
  await requireWhole(remote);
  const tryAgain = retryPolicy(options, signal);
  const sums = await readText(remote, SUMS_FILE, tryAgain);
  const files = matchFiles(parseSums(sums, remote.place), remote, await remote.list(false));
  const { name, version } = await readInfo(remote, files, tryAgain);
  const place = join(out, folderName({ name, version }));
  await requireFree(place);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  let fetched = 0;
  let done = 0;
  const fill = async (partial: string): Promise<void> => {
    const parts = `${place}.parts`;
    await mkdir(parts, { recursive: true });
    await requireOurs(parts, new Set(files.map(({ path }) => partName(path))));
    await requireOurs(partial, new Set([...files.map(({ path }) => path), SUMS_FILE]));
    await requireSpace(place, bytes - (await clearCut(partial, files)), 'the release');
    const onBytes = (count: number): void => {
      done += count;
      onProgress?.({ stage: 'pull', done, total: bytes, unit: 'bytes' });
    };
    await atOnce(files, FILES_AT_ONCE, async (file) => {
      throwIfAborted(signal, 'pull');
      const isFetched = await fetchFile(remote, file, partial, {
        parts,
        tryAgain,
        signal,
        onBytes,
      });
      if (isFetched) fetched += 1;
    });
    await writeFile(join(partial, SUMS_FILE), sums);
    await rm(parts, { recursive: true });
    await requireFree(place); // another run may have been faster
  };
  await buildFolder(place, fill, { replace: false });
  const all = bytes + Buffer.byteLength(sums);
  return { folder: place, name, version, files: files.length + 1, bytes: all, fetched };
}

async function requireWhole(remote: Remote): Promise<void> {
  if (await remote.isWhole()) return;
  throw new TransferError('there is no whole version of a release here', {
    code: 'not-found',
    path: remote.place,
    fix: 'check the address, or have the push finished',
  });
}

/** The files to fetch: those that are listed, if exactly they are there. */
function matchFiles(
  digests: Map<string, string>,
  { place, ownFiles }: Remote,
  there: Awaited<ReturnType<Remote['list']>>,
): ReleaseFile[] {
  for (const path of there.keys()) {
    if (path === SUMS_FILE || digests.has(path) || ownFiles.includes(path)) continue;
    throw unlike(place, path, 'foreign-file', `${SUMS_FILE} has no such file`);
  }
  return [...digests].map(([path, digest]) => {
    const file = there.get(path);
    if (file !== undefined) return { path, size: file.size, sha256: digest };
    throw unlike(place, path, 'missing-file', `${SUMS_FILE} has it, the store has not`);
  });
}

/** What the release is; its `release.json` is checked like every file. */
async function readInfo(
  remote: Remote,
  files: ReleaseFile[],
  tryAgain: Again,
): Promise<ReleaseInfo> {
  const file = files.find(({ path }) => path === RELEASE_FILE);
  if (file === undefined) {
    throw unlike(remote.place, RELEASE_FILE, 'missing-file', `${SUMS_FILE} has no such file`);
  }
  const text = await readText(remote, RELEASE_FILE, tryAgain);
  if (sha256(text) === file.sha256) return parseReleaseInfo(text, remote.place);
  const problem = `this is not the file that ${SUMS_FILE} has`;
  throw unlike(remote.place, RELEASE_FILE, 'digest-differs', problem);
}

async function requireFree(place: string): Promise<void> {
  if (await isEmptyPlace(place)) return;
  throw new OutputError('this folder is there already', {
    code: 'output-exists',
    path: place,
    fix: 'remove it, or name another --out',
  });
}

/** Refuses a folder on the way to the release that holds what is of no pull of it. */
async function requireOurs(folder: string, ours: ReadonlySet<string>): Promise<void> {
  for (const path of (await listPlainFiles(folder)).keys()) {
    if (ours.has(path)) continue;
    throw new TransferError('this is not of the release, and is not removed', {
      code: 'foreign-file',
      path: folder,
      place: path,
      fix: 'move this folder away, or name another --out',
    });
  }
}

/** Removes files of another size, which are not of this release. @returns the bytes left */
async function clearCut(partial: string, files: ReleaseFile[]): Promise<number> {
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  let kept = 0;
  for (const [path, size] of await listPlainFiles(partial)) {
    if (sizes.get(path) === size) kept += size;
    else await rm(join(partial, path));
  }
  return kept;
}

function unlike(path: string, file: string, code: ErrorCode, problem: string): TransferError {
  const fix = 'do not use this release, or have it pushed again';
  return new TransferError(problem, { code, path, place: file, fix });
}

interface FetchOptions {
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
async function fetchFile(
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
function partName(path: string): string {
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
