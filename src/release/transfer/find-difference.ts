import { TransferError } from '../../errors.js';
import { throwIfAborted } from '../../progress.js';
import { atOnce } from './at-once.js';
import { readBack } from './read-back.js';
import type { LocalFile, Remote, RemoteFile } from './remote.js';
import { retryPolicy } from './retry.js';
import { isSameFile } from './same-file.js';
import type { StoreOptions } from './store-options.js';

const FILES_AT_ONCE = 4;

/**
 * What a store lacks of a release, and what it has that is not of it but may be removed.
 * @throws TransferError `foreign-file` where it has anything else
 */
export async function findDifference(
  remote: Remote,
  files: LocalFile[],
  options: StoreOptions,
): Promise<{ missing: LocalFile[]; strays: string[] }> {
  const there = await remote.list(true);
  const ours = new Set([...files.map(({ path }) => path), ...remote.ownFiles]);
  const strays = [...there.keys()].filter((path) => !ours.has(path));
  const foreign = strays.find((path) => !remote.isRemovable(path, ours));
  if (foreign !== undefined) {
    throw new TransferError('this is not of the release, and is not removed', {
      code: 'foreign-file',
      path: remote.place,
      place: foreign,
      fix: 'move it away, or name another --to',
    });
  }
  return { missing: await findMissing(remote, files, there, options), strays };
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
