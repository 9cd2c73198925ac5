import { TransferError } from '../../errors.js';
import { findDifference } from './find-difference.js';
import { readBack } from './read-back.js';
import type { CheckedRelease } from './read-release.js';
import type { LocalFile, Remote } from './remote.js';
import { retryPolicy } from './retry.js';
import type { StoreOptions } from './store-options.js';

/**
 * Requires that the version that a store has is this release, file by file.
 * @throws TransferError `version-exists` where it is another release, `not-as-sent` where it is
 * this one and a file of it was changed, removed or added since
 */
export async function requireSame(
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
