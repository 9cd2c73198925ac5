import { join } from 'node:path';
import { type ErrorCode, TransferError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { readSummary } from '../files/json.js';
import { listPlainFiles } from '../files/listing.js';
import { atOnce } from '../parallel/ordered.js';
import { letSignalIn, type StageOptions, throwIfAborted } from '../progress.js';
import { openChecksums, requireTrusted, SUMS_FILE } from '../release/checksums.js';
import {
  identitySchema,
  RELEASE_FILE,
  type ReleaseFolder,
  type ReleaseInfo,
  isTrainingCache,
} from '../release/release-folder.js';
import { openForPush } from './open-store.js';
import { hasFile, readDigest } from './stored-files.js';
import {
  type LocalFile,
  type Store,
  type StoreOptions,
  transferring,
  usingStore,
} from './store.js';

/** What is sent, and where. */
export interface PushInput {
  release: ReleaseFolder;
  /** `hf://datasets/USER/NAME`, `s3://BUCKET/PREFIX`, or a folder. */
  to: string;
}

/** How a release is sent. */
export interface PushOptions extends StoreOptions, Pick<StageOptions, 'signal' | 'onProgress'> {
  /** Creates a new repository of the Hub as private, and refuses a public one. Default: false. */
  isPrivate?: boolean | undefined;
}

/** A release that is in a store. */
export interface Pushed {
  /** The address by which `pullRelease` fetches it. */
  place: string;
  name: string;
  version: string;
  /** False where this version was there already, or another run pushed the same one first. */
  isNew: boolean;
  /** Files of the release, `SHA256SUMS` included. */
  files: number;
  bytes: number;
  /** Files that this run sent; the others were there. */
  sent: number;
}

/**
 * Sends a release to a store. Every file is checked against `SHA256SUMS` before anything is sent.
 * Files that the store already has are not sent again. The version is marked last, once the store
 * has every file with its size and digest. If the same release is there already, nothing is sent.
 * @throws DatasetError where the folder is not a release
 * @throws TransferError `version-exists`, `another-push`, `not-as-sent`, `foreign-file`,
 * `digest-differs`, `no-access`, `not-found` ...
 * @throws OutputError where a file cannot be read, or a folder not written
 * @throws ReleaseError `output-in-release`; AbortedError, after which the same call resumes
 */
export function pushRelease(
  { release, to }: PushInput,
  options: PushOptions = {},
): Promise<Pushed> {
  return transferring('push', release, options, async (own) => {
    const checked = await readRelease(release, own.signal);
    const store = await openForPush(to, checked.info, own);
    return usingStore(store, () => push(store, checked, own));
  });
}

async function push(store: Store, checked: CheckedRelease, options: PushOptions): Promise<Pushed> {
  const { isNew, sent } = await sendAndMark(store, checked, options);
  if (!isNew) await requireSame(store, checked, options);
  const all = [...checked.files, checked.sums];
  const bytes = all.reduce((sum, { size }) => sum + size, 0);
  const { name, version } = checked.info;
  return { place: store.place, name, version, isNew, files: all.length, bytes, sent };
}

/** Sends and marks a version, unless it is there or another run marks it first. */
export async function sendAndMark(
  store: Store,
  { files, sums }: Pick<CheckedRelease, 'files' | 'sums'>,
  options: PushOptions,
): Promise<Pick<Pushed, 'isNew' | 'sent'>> {
  if (await store.isComplete()) {
    await store.settle?.(sums);
    return { isNew: false, sent: 0 };
  }
  await store.prepare(sums);
  if (await store.isComplete()) return { isNew: false, sent: 0 }; // another run was faster
  const all = store.sumsAreTheMark ? files : [...files, sums];
  const sent = await sendAll(store, all, options);
  const isNew = !(await store.isComplete()) && (await store.mark(sums));
  return { isNew, sent };
}

/**
 * Sends the files that are missing, and checks that they arrived. If the connection is cut for
 * good, what has arrived is looked up once, and only the rest is sent.
 * @returns how many files were missing
 */
async function sendAll(store: Store, files: LocalFile[], options: PushOptions): Promise<number> {
  const { onProgress, signal } = options;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const send = async ({ missing, strays }: Changes): Promise<void> => {
    throwIfAborted(signal, 'push');
    let done = total - missing.reduce((sum, { size }) => sum + size, 0);
    const onBytes = (bytes: number): void => {
      done += bytes;
      onProgress?.({ stage: 'push', done, total, unit: 'bytes' });
    };
    onBytes(0);
    await store.put(missing, strays, { onBytes });
  };
  const first = await findChanges(store, files, signal);
  if (isEmpty(first)) return 0;
  try {
    await send(first);
  } catch (error) {
    if (!isCut(error)) throw error;
    const rest = await findChanges(store, files, signal);
    if (isEmpty(rest)) return first.missing.length;
    await send(rest);
  }
  const { missing, strays } = await findChanges(store, files, signal);
  const unlike = missing[0]?.path ?? strays[0];
  if (unlike === undefined) return first.missing.length;
  throw new TransferError("the store's copy of this file differs from what was sent", {
    code: 'not-as-sent',
    path: store.place,
    place: unlike,
    fix: 'check the store, then run the same command again',
  });
}

function isCut(error: unknown): boolean {
  const codes = ['connection-cut', 'changed-by-another-run'];
  return error instanceof TransferError && codes.includes(error.code);
}

const FILES_AT_ONCE = 4;

/** How a store differs from a release. */
interface Changes {
  /** Files that it does not have, or has with another content. */
  missing: LocalFile[];
  /** Paths of files that are not of the release. */
  strays: string[];
}

function isEmpty({ missing, strays }: Changes): boolean {
  return missing.length + strays.length === 0;
}

/**
 * How a store differs from a release that may be sent to it.
 * @throws TransferError `foreign-file` where a stray must not be removed
 */
async function findChanges(
  store: Store,
  files: LocalFile[],
  signal: AbortSignal | undefined,
): Promise<Changes> {
  const changes = await differencesOf(store, files, signal);
  const foreign = await store.findForeign(changes.strays, pathsOf(store, files));
  if (foreign === undefined) return changes;
  throw new TransferError('this file is not part of the release, so it is kept', {
    code: 'foreign-file',
    path: store.place,
    place: foreign,
    fix: 'move or remove it, or choose another --to',
  });
}

async function differencesOf(
  store: Store,
  files: LocalFile[],
  signal: AbortSignal | undefined,
): Promise<Changes> {
  const there = await store.list(true);
  const ours = pathsOf(store, files);
  const missing = new Set<LocalFile>();
  await atOnce(files, FILES_AT_ONCE, async (file) => {
    throwIfAborted(signal, 'push');
    if (!(await hasFile(store, file, there.get(file.path)))) missing.add(file);
  });
  return {
    missing: files.filter((file) => missing.has(file)),
    strays: [...there.keys()].filter((path) => !ours.has(path)),
  };
}

/** With `SHA256SUMS`, which another run may have sent in the meantime. */
function pathsOf({ ownFiles }: Store, files: LocalFile[]): Set<string> {
  return new Set([...files.map(({ path }) => path), SUMS_FILE, ...ownFiles]);
}

/**
 * Checks that the version in a store is this release, file by file.
 * @throws TransferError `version-exists` where it is another release, `not-as-sent` where it is
 * this one and a file was changed, removed or added since
 */
async function requireSame(
  store: Store,
  { info, files, sums }: CheckedRelease,
  { signal }: PushOptions,
): Promise<void> {
  if (!(await hasSums(store, sums))) {
    throw new TransferError(`version ${info.version} already exists and is never replaced`, {
      code: 'version-exists',
      path: store.place,
      fix: 'release the change under a new version',
    });
  }
  const { missing, strays } = await differencesOf(store, [...files, sums], signal);
  const unlike = missing[0]?.path ?? strays[0];
  if (unlike === undefined) return;
  throw new TransferError('this file of the published version was changed after it was sent', {
    code: 'not-as-sent',
    path: store.place,
    place: unlike,
    fix: 'remove the version there and push it again, or release it under a new version',
  });
}

/** Whether the version's `SHA256SUMS` is this one, byte for byte. */
async function hasSums(store: Store, sums: LocalFile): Promise<boolean> {
  const there = (await store.list(false)).get(sums.path);
  return there?.size === sums.size && (await readDigest(store, sums)) === sums.sha256;
}

/** A release folder in which every file is what `SHA256SUMS` says. */
interface CheckedRelease {
  info: ReleaseInfo;
  files: LocalFile[];
  /** `SHA256SUMS` itself. */
  sums: LocalFile;
}

/**
 * Reads a release folder and hashes every file in it.
 * @throws TransferError `digest-differs`, `foreign-file`, `missing-file`, `not-a-file`, `bad-sums`
 */
async function readRelease(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<CheckedRelease> {
  const info = await readSummary(folder, RELEASE_FILE, identitySchema, 'patchml release');
  const sizes = await listPlainFiles(folder);
  if (!sizes.has(SUMS_FILE))
    throw unlike(folder, 'missing-file', `this release has no ${SUMS_FILE}`);
  const { findings, read, digestOf } = await openChecksums(folder);
  requireTrusted(findings, join(folder, SUMS_FILE));
  const files: LocalFile[] = [];
  for await (const { path, sha256 } of read()) {
    await letSignalIn(signal, 'push');
    const file = join(folder, path);
    const size = sizes.get(path);
    if (size === undefined)
      throw unlike(file, 'missing-file', `${SUMS_FILE} lists this file, but it is missing`);
    if (sha256File(file) !== sha256) {
      throw unlike(file, 'digest-differs', `its SHA-256 does not match ${SUMS_FILE}`);
    }
    files.push({ path, size, sha256, file });
  }
  for (const path of sizes.keys()) {
    if (path === SUMS_FILE || digestOf(path) !== undefined || isTrainingCache(path)) continue;
    throw unlike(join(folder, path), 'foreign-file', `${SUMS_FILE} does not list this file`);
  }
  if (digestOf(RELEASE_FILE) === undefined) {
    throw unlike(
      join(folder, RELEASE_FILE),
      'foreign-file',
      `${SUMS_FILE} does not list this file`,
    );
  }
  const file = join(folder, SUMS_FILE);
  const sums = { path: SUMS_FILE, size: sizes.get(SUMS_FILE)!, sha256: sha256File(file), file };
  return { info, files, sums };
}

function unlike(path: string, code: ErrorCode, problem: string): TransferError {
  return new TransferError(problem, { code, path, fix: 'make or pull the release again' });
}
