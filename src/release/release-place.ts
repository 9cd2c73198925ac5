import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ReleaseError } from '../errors.js';
import { exists, isEmptyPlace, toJson } from '../files/stage-folder.js';
import type { StageOptions } from '../progress.js';
import { isRelease, readReleaseSummary, type ReleaseSummary } from './release-files.js';
import { verifyRelease } from './verify-release.js';

/**
 * Looks at the place of a release. What is there is never replaced.
 * @returns `there` where this very release is there already, and whole; else `free`
 * @throws ReleaseError where something else is there
 */
export async function requireFree(
  place: string,
  release: ReleaseSummary,
  options: StageOptions,
): Promise<'there' | 'free'> {
  if (await isEmptyPlace(place)) return 'free';
  const { name, version } = release;
  const problem = { code: 'release-exists', path: place };
  if (!(await isRelease(place))) {
    throw new ReleaseError('this folder holds something that is no release', {
      ...problem,
      fix: 'name another --to, or move it away',
    });
  }
  if (toJson(await readReleaseSummary(place)) !== toJson(release)) {
    throw new ReleaseError(
      `${name} ${version} is there, made from another dataset or with other options`,
      {
        ...problem,
        fix: 'give another --version; a version that is out is never changed',
      },
    );
  }
  const { findings } = await verifyRelease(place, options);
  if (findings.length === 0) return 'there';
  throw new ReleaseError(`${name} ${version} is there, but is not whole`, {
    ...problem,
    fix: `"patchml verify ${place}" says what is wrong; move it away to make it again`,
  });
}

/**
 * Whether a place is in a folder, or is that folder.
 * @param place need not exist
 */
export async function isWithin(place: string, folder: string): Promise<boolean> {
  const path = relative(await realpath(folder), await realPlace(place));
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/**
 * Checks that a place to write to is no release and lies in none, which it would change.
 * @param place need not exist
 * @throws ReleaseError `output-in-release`
 */
export async function requireOutsideRelease(place: string): Promise<void> {
  let folder = await realPlace(place);
  while (!(await isRelease(folder))) {
    const parent = dirname(folder);
    if (parent === folder) return;
    folder = parent;
  }
  throw new ReleaseError(`this is in the release ${folder}, which would be changed`, {
    code: 'output-in-release',
    path: place,
    fix: 'name a folder outside of it',
  });
}

/** Where a path leads, of which the last parts need not exist. */
async function realPlace(path: string): Promise<string> {
  if (await exists(path)) return realpath(path);
  const full = resolve(path);
  const parent = dirname(full);
  return parent === full ? full : join(await realPlace(parent), relative(parent, full));
}
