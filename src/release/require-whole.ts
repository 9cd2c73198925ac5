import { ReleaseError } from '../errors.js';
import type { StageOptions } from '../progress.js';
import { verifyRelease } from './verify-release.js';

/**
 * Checks a release before anything is made of it.
 * @throws ReleaseError `release-not-whole`; DatasetError when the folder is no release
 */
export async function requireWhole(release: string, options: StageOptions): Promise<void> {
  const { findings } = await verifyRelease(release, options);
  const [first] = findings;
  if (!first) return;
  throw new ReleaseError(`this release is not whole: ${first.problem} ${first.file}`, {
    code: 'release-not-whole',
    path: release,
    fix: `"patchml verify ${release}" says all that is wrong; get the release anew`,
  });
}
