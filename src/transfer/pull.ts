import { rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ErrorCode, TransferError } from '../errors.js';
import { sha256, sha256File } from '../files/digest.js';
import { makeFolder, requireSpace } from '../files/folders.js';
import { listPlainFiles } from '../files/listing.js';
import { openOutput, type OutputFile } from '../files/output-file.js';
import {
  buildFolder,
  type OutputKind,
  requirePlace,
  requireUnfinished,
} from '../files/output-folder.js';
import { atOnce } from '../parallel/ordered.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import {
  parseReleaseInfo,
  parseSums,
  RELEASE_FILE,
  type ReleaseFolder,
  releaseFolderName,
  type ReleaseInfo,
  SUMS_FILE,
} from '../release/release-folder.js';
import { requireOutsideRelease } from '../release/release.js';
import { openForPull } from './open-store.js';
import {
  type ReleaseFile,
  type Store,
  type StoreOptions,
  transferring,
  usingStore,
  VERSION,
} from './store.js';
import { cutShort } from './store-errors.js';
import { readText } from './stored-files.js';

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
  /** Files that this run fetched; an earlier run fetched the others. */
  fetched: number;
}

const FILES_AT_ONCE = 4;

/**
 * Fetches a release and checks every file against its `SHA256SUMS`. The release folder is complete
 * or absent; an interrupted run is resumed.
 * @throws TransferError `not-found`, `digest-differs`, `foreign-file`, `missing-file`,
 * `bad-sums` ...
 * @throws OutputError `output-exists`, or where a folder cannot be written
 * @throws ReleaseError `output-in-release`; AbortedError, after which the same call resumes
 */
export function pullRelease({ from, out }: PullInput, options: PullOptions = {}): Promise<Pulled> {
  return transferring('pull', out, options, async (own) =>
    usingStore(await openForPull(from, own), (store) => pull(store, out, own)),
  );
}

async function pull(store: Store, out: string, options: PullOptions): Promise<Pulled> {
  const { signal, onProgress } = options;
  await requireOutsideRelease(out);
  await requireComplete(store);
  const sums = await readText(store, SUMS_FILE);
  const files = matchFiles(parseSums(sums, store.place), store, await store.list(false));
  const { name, version } = await readInfo(store, files);
  const place = join(out, releaseFolderName({ name, version }));
  await requirePlace(place, VERSION);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  let fetched = 0;
  let done = 0;
  const fill = async (partial: string): Promise<void> => {
    const parts = `${place}.parts`;
    await makeFolder(parts);
    const paths = files.map(({ path }) => path);
    await requireUnfinished(parts, onlyOf(paths.map(partName)));
    await requireUnfinished(partial, onlyOf([...paths, SUMS_FILE]));
    await requireSpace(place, bytes - (await clearCut(partial, files)), 'the release');
    const onBytes = (count: number): void => {
      done += count;
      onProgress?.({ stage: 'pull', done, total: bytes, unit: 'bytes' });
    };
    await atOnce(files, FILES_AT_ONCE, async (file) => {
      throwIfAborted(signal, 'pull');
      if (await fetchFile(store, file, partial, { parts, signal, onBytes })) fetched += 1;
    });
    await writeFile(join(partial, SUMS_FILE), sums);
    await rm(parts, { recursive: true });
    await requirePlace(place, VERSION); // another run may have been faster
  };
  await buildFolder(place, fill, { replace: false });
  const all = bytes + Buffer.byteLength(sums);
  return { folder: place, name, version, files: files.length + 1, bytes: all, fetched };
}

async function requireComplete(store: Store): Promise<void> {
  if (await store.isComplete()) return;
  throw new TransferError('there is no complete release at this address', {
    code: 'not-found',
    path: store.place,
    fix: 'check the address; if a push of it was interrupted, finish that push',
  });
}

/** The files to fetch: those that are listed, if exactly they are there. */
function matchFiles(
  digests: Map<string, string>,
  { place, ownFiles }: Store,
  there: Awaited<ReturnType<Store['list']>>,
): ReleaseFile[] {
  for (const path of there.keys()) {
    if (path === SUMS_FILE || digests.has(path) || ownFiles.includes(path)) continue;
    throw unlike(place, path, 'foreign-file', `${SUMS_FILE} does not list this file`);
  }
  return [...digests].map(([path, digest]) => {
    const file = there.get(path);
    if (file !== undefined) return { path, size: file.size, sha256: digest };
    throw unlike(
      place,
      path,
      'missing-file',
      `${SUMS_FILE} lists this file, but the store does not have it`,
    );
  });
}

/** What the release is; its `release.json` is checked like every file. */
async function readInfo(store: Store, files: ReleaseFile[]): Promise<ReleaseInfo> {
  const file = files.find(({ path }) => path === RELEASE_FILE);
  if (file === undefined) {
    throw unlike(store.place, RELEASE_FILE, 'missing-file', `${SUMS_FILE} does not list this file`);
  }
  const text = await readText(store, RELEASE_FILE);
  if (sha256(text) === file.sha256) return parseReleaseInfo(text, store.place);
  throw unlike(store.place, RELEASE_FILE, 'digest-differs', OTHER_CONTENT);
}

/** What an interrupted pull left: these files, which may be in folders, and no other. */
function onlyOf(paths: readonly string[]): OutputKind {
  const ours = new Set(paths);
  return {
    what: 'a release',
    code: 'foreign-file',
    Failure: TransferError,
    foreignUnfinished: async (folder) =>
      [...(await listPlainFiles(folder)).keys()].find((path) => !ours.has(path)),
  };
}

/** Removes files of another size than the release's. @returns the bytes of those that stay */
async function clearCut(partial: string, files: ReleaseFile[]): Promise<number> {
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  let kept = 0;
  for (const [path, size] of await listPlainFiles(partial)) {
    if (sizes.get(path) === size) kept += size;
    else await rm(join(partial, path));
  }
  return kept;
}

const OTHER_CONTENT = `its SHA-256 does not match ${SUMS_FILE}`;

function unlike(path: string, file: string, code: ErrorCode, problem: string): TransferError {
  const fix = 'do not use this release; ask for it to be pushed again';
  return new TransferError(problem, { code, path, place: file, fix });
}

interface FetchOptions {
  /** The folder of files that are being fetched; what an earlier run left in it is resumed. */
  parts: string;
  signal: AbortSignal | undefined;
  /** Called with the bytes of each piece; negative where pieces had to be discarded. */
  onBytes: (bytes: number) => void;
}

/**
 * Fetches a file, and moves it to its place in a folder once its digest is right.
 * @returns false where the file is there already
 * @throws TransferError `digest-differs`; such a file is removed
 */
async function fetchFile(
  store: Store,
  file: ReleaseFile,
  folder: string,
  options: FetchOptions,
): Promise<boolean> {
  const target = join(folder, file.path);
  if ((await sizeOf(target)) === file.size && sha256File(target) === file.sha256) {
    options.onBytes(file.size);
    return false;
  }
  const aside = join(options.parts, partName(file.path));
  await makeFolder(dirname(target));
  // What an earlier run began may be another file: then it is fetched from its start.
  for (const resume of ((await sizeOf(aside)) ?? Infinity) <= file.size ? [true, false] : [false]) {
    const output = await openOutput(target, { sync: false, aside, resume });
    try {
      await fetchRest(store, file, output, options);
    } catch (error) {
      await output.leave();
      throw error;
    }
    if (sha256File(aside) === file.sha256) {
      await output.close();
      return true;
    }
    options.onBytes(-output.length);
    await output.discard();
  }
  throw unlike(store.place, file.path, 'digest-differs', OTHER_CONTENT);
}

/** The name of a file while it is fetched. */
function partName(path: string): string {
  return sha256(path);
}

/** Fetches the bytes of a file that are missing, and no more, however many arrive. */
async function fetchRest(
  store: Store,
  { path, size }: ReleaseFile,
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
