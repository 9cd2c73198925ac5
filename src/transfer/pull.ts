import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, TransferError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { makeFolder, requireSpace } from '../files/folders.js';
import { listPlainFiles } from '../files/listing.js';
import {
  buildFolder,
  type OutputKind,
  requirePlace,
  requireUnfinished,
} from '../files/output-folder.js';
import { atOnce } from '../parallel/ordered.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { MAX_SUMS_BYTES, parseSums, SUMS_FILE } from '../release/checksums.js';
import {
  parseReleaseInfo,
  RELEASE_FILE,
  type ReleaseFolder,
  releaseFolderName,
  type ReleaseInfo,
} from '../release/release-folder.js';
import { requireOutsideRelease } from '../release/release.js';
import { DO_NOT_USE, fetchFile, OTHER_CONTENT, partName } from './fetch-file.js';
import { openForPull } from './open-store.js';
import {
  type ReleaseFile,
  type Store,
  type StoreOptions,
  transferring,
  usingStore,
  VERSION,
} from './store.js';
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
  const sums = await readText(store, SUMS_FILE, MAX_SUMS_BYTES);
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

function unlike(path: string, file: string, code: ErrorCode, problem: string): TransferError {
  return new TransferError(problem, { code, path, place: file, fix: DO_NOT_USE });
}
