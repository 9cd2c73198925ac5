import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, AbortedError, TransferError } from '../errors.js';
import { sha256, sha256File } from '../files/digest.js';
import { readSummary } from '../files/json.js';
import { listPlainFiles } from '../files/listing.js';
import { atOnce } from '../parallel/ordered.js';
import { letSignalIn, type StageOptions, throwIfAborted } from '../progress.js';
import {
  identitySchema,
  parseSums,
  RELEASE_FILE,
  type ReleaseFolder,
  type ReleaseInfo,
  SUMS_FILE,
} from '../release/release-folder.js';
import { openForPush } from './open-store.js';
import { isSameFile, readBack } from './read-back.js';
import { retryPolicy } from './retry.js';
import type { LocalFile, Remote, RemoteFile, StoreOptions } from './store.js';

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
  /** What `pullRelease` takes to fetch it. */
  place: string;
  name: string;
  version: string;
  /** False where the version was there already, or another run made the same one meanwhile. */
  isNew: boolean;
  /** Files of the release, `SHA256SUMS` included. */
  files: number;
  bytes: number;
  /** Files that this run sent; the others were there. */
  sent: number;
}

/**
 * Sends a release to a store. Every file is checked against `SHA256SUMS` before anything is sent;
 * what the store has already is not sent again; the version is marked as the last step, once the
 * store has every file at its size and digest. Where the version is there already and every file
 * of it is the same, nothing is sent.
 * @throws TransferError `version-exists`, `another-push`, `not-as-sent`, `foreign-file`,
 * `digest-differs`, `no-access`, `not-found` ...; AbortedError, after which the same call goes on
 */
export async function pushRelease(
  { release, to }: PushInput,
  options: PushOptions = {},
): Promise<Pushed> {
  const { signal } = options;
  const checked = await readRelease(release, signal);
  const { info, files, sums } = checked;
  const remote = await openForPush(to, info, options);
  try {
    const { isNew, sent } = await makeWhole(remote, checked, options);
    if (!isNew) await requireSame(remote, checked, options);
    const bytes = [...files, sums].reduce((sum, { size }) => sum + size, 0);
    const { name, version } = info;
    return { place: remote.place, name, version, isNew, files: files.length + 1, bytes, sent };
  } catch (error) {
    throw signal?.aborted ? new AbortedError('push') : error;
  } finally {
    await remote.close();
  }
}

/** Sends a version and marks it, unless it is there, or another run makes it whole meanwhile. */
async function makeWhole(
  remote: Remote,
  { files, sums }: CheckedRelease,
  options: PushOptions,
): Promise<Pick<Pushed, 'isNew' | 'sent'>> {
  if (await remote.isWhole()) return { isNew: false, sent: 0 };
  await remote.prepare(sums);
  if (await remote.isWhole()) return { isNew: false, sent: 0 }; // since the place was found free
  const all = remote.sumsAreTheMark ? files : [...files, sums];
  const sent = await sendAll(remote, all, options);
  const isNew = !(await remote.isWhole()) && (await remote.mark(sums));
  return { isNew, sent };
}

/**
 * Sends what is not there, and looks whether it arrived. After a cut that requests made again did
 * not mend, it looks once more what is there.
 * @returns how many files it sent
 */
async function sendAll(remote: Remote, files: LocalFile[], options: PushOptions): Promise<number> {
  const { onProgress, signal } = options;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const first = await findChanges(remote, files, options);
  let { missing, strays } = first;
  for (let cuts = 0; missing.length + strays.length > 0;) {
    throwIfAborted(signal, 'push');
    let done = total - missing.reduce((sum, { size }) => sum + size, 0);
    const onBytes = (bytes: number): void => {
      done += bytes;
      onProgress?.({ stage: 'push', done, total, unit: 'bytes' });
    };
    onBytes(0);
    try {
      await remote.put(missing, strays, { onBytes });
    } catch (error) {
      cuts += 1;
      if (!isCut(error) || cuts > 1) throw error;
      ({ missing, strays } = await findChanges(remote, files, options));
      continue;
    }
    ({ missing, strays } = await findChanges(remote, files, options));
    const unlike = missing[0]?.path ?? strays[0];
    if (unlike !== undefined) throw notAsSent(remote, unlike);
  }
  return first.missing.length;
}

function isCut(error: unknown): boolean {
  const codes = ['connection-cut', 'changed-meanwhile'];
  return error instanceof TransferError && codes.includes(error.code);
}

function notAsSent({ place }: Remote, path: string): TransferError {
  return new TransferError('the store does not have it as it was sent', {
    code: 'not-as-sent',
    path: place,
    place: path,
    fix: 'check the store, then run the same command again',
  });
}

const FILES_AT_ONCE = 4;

/** How what a store has differs from a release. */
interface Difference {
  /** What it has not, or has with another content. */
  missing: LocalFile[];
  /** Paths of what is not of the release. */
  strays: string[];
}

/** How what a store has differs from these files of a release. */
async function findDifference(
  remote: Remote,
  files: LocalFile[],
  options: StoreOptions,
): Promise<Difference> {
  const there = await remote.list(true);
  const ours = pathsOf(remote, files);
  const strays = [...there.keys()].filter((path) => !ours.has(path));
  return { missing: await findMissing(remote, files, there, options), strays };
}

/**
 * The same before a release is sent: strays may be removed.
 * @throws TransferError `foreign-file` where one may not
 */
async function findChanges(
  remote: Remote,
  files: LocalFile[],
  options: StoreOptions,
): Promise<Difference> {
  const difference = await findDifference(remote, files, options);
  const foreign = await remote.findForeign(difference.strays, pathsOf(remote, files));
  if (foreign === undefined) return difference;
  throw new TransferError('this is not of the release, and is not removed', {
    code: 'foreign-file',
    path: remote.place,
    place: foreign,
    fix: 'move it away, or name another --to',
  });
}

/** With `SHA256SUMS`, which another run may have sent meanwhile. */
function pathsOf({ ownFiles }: Remote, files: LocalFile[]): Set<string> {
  return new Set([...files.map(({ path }) => path), SUMS_FILE, ...ownFiles]);
}

async function findMissing(
  remote: Remote,
  files: LocalFile[],
  there: Map<string, RemoteFile>,
  options: StoreOptions,
): Promise<LocalFile[]> {
  const { signal } = options;
  const read = (file: LocalFile): Promise<string> =>
    readBack(remote, file, retryPolicy(options, signal));
  const missing = new Set<LocalFile>();
  await atOnce(files, FILES_AT_ONCE, async (file) => {
    throwIfAborted(signal, 'push');
    if (!(await isSameFile(file, there.get(file.path), read))) missing.add(file);
  });
  return files.filter((file) => missing.has(file));
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
  const text = sizes.has(SUMS_FILE) ? await readFile(join(folder, SUMS_FILE)) : undefined;
  if (text === undefined) throw unlike(folder, 'missing-file', `there is no ${SUMS_FILE} here`);
  const digests = parseSums(text.toString(), join(folder, SUMS_FILE));
  const files: LocalFile[] = [];
  for (const [path, sha256] of [...digests]) {
    await letSignalIn(signal, 'push');
    const file = join(folder, path);
    const size = sizes.get(path);
    if (size === undefined) throw unlike(file, 'missing-file', `${SUMS_FILE} has it, it is gone`);
    if (sha256File(file) !== sha256) {
      throw unlike(file, 'digest-differs', `this is not the file that ${SUMS_FILE} has`);
    }
    files.push({ path, size, sha256, file });
  }
  for (const path of sizes.keys()) {
    if (path === SUMS_FILE || digests.has(path)) continue;
    throw unlike(join(folder, path), 'foreign-file', `${SUMS_FILE} has no such file`);
  }
  if (!digests.has(RELEASE_FILE)) {
    throw unlike(join(folder, RELEASE_FILE), 'foreign-file', `${SUMS_FILE} has no such file`);
  }
  const sums = {
    path: SUMS_FILE,
    size: text.length,
    sha256: sha256(text),
    file: join(folder, SUMS_FILE),
  };
  return { info, files, sums };
}

function unlike(path: string, code: ErrorCode, problem: string): TransferError {
  return new TransferError(problem, { code, path, fix: 'make the release again' });
}

/**
 * Requires that the version that a store has is this release, file by file.
 * @throws TransferError `version-exists` where it is another release, `not-as-sent` where it is
 * this one and a file of it was changed, removed or added since
 */
async function requireSame(
  remote: Remote,
  { info, files, sums }: CheckedRelease,
  options: StoreOptions,
): Promise<void> {
  if (!(await hasSums(remote, sums, options))) {
    throw new TransferError(`version ${info.version} is there already, and stays as it is`, {
      code: 'version-exists',
      path: remote.place,
      fix: 'release the change under a new version',
    });
  }
  const { missing, strays } = await findDifference(remote, [...files, sums], options);
  const unlike = missing[0]?.path ?? strays[0];
  if (unlike === undefined) return;
  throw new TransferError('the version there is not as it was sent, and stays as it is', {
    code: 'not-as-sent',
    path: remote.place,
    place: unlike,
    fix: 'remove the version there and push it again, or release it under a new one',
  });
}

/** Whether the version's `SHA256SUMS` is this one, byte for byte. */
async function hasSums(remote: Remote, sums: LocalFile, options: StoreOptions): Promise<boolean> {
  const there = (await remote.list(false)).get(sums.path);
  if (there?.size !== sums.size) return false;
  return (await readBack(remote, sums, retryPolicy(options, options.signal))) === sums.sha256;
}
