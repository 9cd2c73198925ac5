import { TransferError } from '../../errors.js';
import { throwIfAborted } from '../../progress.js';
import { SUMS_FILE } from '../release-files.js';
import { atOnce } from './at-once.js';
import { readBack } from './read-back.js';
import type { LocalFile, Remote, RemoteFile } from './remote.js';
import { retryPolicy } from './retry.js';
import { isSameFile } from './same-file.js';
import type { StoreOptions } from './store-options.js';

const FILES_AT_ONCE = 4;

/** How what a store has differs from a release. */
export interface Difference {
  /** What it has not, or has with another content. */
  missing: LocalFile[];
  /** Paths of what is not of the release. */
  strays: string[];
}

/** How what a store has differs from these files of a release. */
export async function findDifference(
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
export async function findChanges(
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
