import { AbortedError, TransferError } from '../../errors.js';
import { type StageOptions, throwIfAborted } from '../../progress.js';
import { findDifference } from './find-difference.js';
import { openForPush } from './open-remote.js';
import type { StoreOptions } from './store-options.js';
import { readRelease } from './read-release.js';
import type { LocalFile, Remote } from './remote.js';

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
  /** Files of the release, `SHA256SUMS` included. */
  files: number;
  bytes: number;
  /** Files that this run sent; the others were there. */
  sent: number;
}

/**
 * Sends a release to a store. Every file is checked against `SHA256SUMS` before anything is sent;
 * what the store has already is not sent again; the version is marked as the last step, once the
 * store has every file at its size and digest.
 * @param release the release folder
 * @param to `hf://datasets/USER/NAME`, `s3://BUCKET/PREFIX`, or a folder
 * @throws TransferError `version-exists`, `foreign-file`, `digest-differs`, `no-access`, `not-found` ...;
 * AbortedError, after which the same call goes on
 */
export async function pushRelease(
  release: string,
  to: string,
  options: PushOptions = {},
): Promise<Pushed> {
  const { signal } = options;
  const { info, files, sums } = await readRelease(release, signal);
  const remote = await openForPush(to, info, options);
  try {
    await requireFree(remote, info.version);
    await remote.prepare();
    const all = remote.sumsAreTheMark ? files : [...files, sums];
    const sent = await sendAll(remote, all, options);
    await requireFree(remote, info.version);
    await remote.mark(sums);
    const bytes = [...files, sums].reduce((sum, { size }) => sum + size, 0);
    const { name, version } = info;
    return { place: remote.place, name, version, files: files.length + 1, bytes, sent };
  } catch (error) {
    throw signal?.aborted ? new AbortedError('push') : error;
  } finally {
    await remote.close();
  }
}

async function requireFree(remote: Remote, version: string): Promise<void> {
  if (!(await remote.isWhole())) return;
  throw new TransferError(`version ${version} is there already, and stays as it is`, {
    code: 'version-exists',
    path: remote.place,
    fix: 'release the change under a new version',
  });
}

/**
 * Sends what is not there, and looks whether it arrived. After a cut that requests made again did
 * not mend, it looks once more what is there.
 * @returns how many files it sent
 */
async function sendAll(remote: Remote, files: LocalFile[], options: PushOptions): Promise<number> {
  const { onProgress, signal } = options;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const first = await findDifference(remote, files, options);
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
      ({ missing, strays } = await findDifference(remote, files, options));
      continue;
    }
    ({ missing, strays } = await findDifference(remote, files, options));
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
