import { AbortedError, TransferError } from '../../errors.js';
import { type StageOptions, throwIfAborted } from '../../progress.js';
import { findChanges } from './find-difference.js';
import { openForPush } from './open-remote.js';
import type { StoreOptions } from './store-options.js';
import { type CheckedRelease, readRelease } from './read-release.js';
import type { LocalFile, Remote } from './remote.js';
import { requireSame } from './require-same.js';

/** How a release is sent. */
export interface PushOptions extends StoreOptions, Pick<StageOptions, 'signal' | 'onProgress'> {
  /** Makes a repository that is not there a private one, and refuses one that is public. */
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
 * @param release the release folder
 * @param to `hf://datasets/USER/NAME`, `s3://BUCKET/PREFIX`, or a folder
 * @throws TransferError `version-exists`, `another-push`, `not-as-sent`, `foreign-file`,
 * `digest-differs`, `no-access`, `not-found` ...; AbortedError, after which the same call goes on
 */
export async function pushRelease(
  release: string,
  to: string,
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
