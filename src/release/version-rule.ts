import semver from 'semver';
import { ReleaseError } from '../errors.js';
import type { DatasetDiff } from './diff-datasets.js';
import { isVersion } from './release-files.js';

/** By which part a version has to grow. */
export type Bump = 'major' | 'minor' | 'patch';

/** The least bump that a change asks for, and what asks for it. */
export interface RequiredBump {
  bump: Bump;
  reason: string;
}

/**
 * The rule of versions: anything existing changed or removed is major, images added to unchanged
 * ones are minor, and all else (documents, exports, files encoded anew without loss) is a patch.
 */
export function requiredBump({ images }: Pick<DatasetDiff, 'images'>): RequiredBump {
  const broken = [
    countOf(images.removed, 'removed'),
    countOf(images.changedPixels, 'changed in pixels'),
    countOf(images.changedLabels, 'changed in labels'),
  ].filter((part) => part !== undefined);
  if (broken.length > 0) return { bump: 'major', reason: broken.join(', ') };
  const added = countOf(images.added, 'added');
  if (added !== undefined) return { bump: 'minor', reason: added };
  return { bump: 'patch', reason: 'all images have the same pixels and labels' };
}

/**
 * Checks a new version against the one before it. The same rule holds for versions below 1.0.0; a
 * pre-release counts as the version it leads to.
 * @throws ReleaseError that says what changed and the least version allowed
 */
export function requireVersion(
  version: string,
  previous: string,
  { bump, reason }: RequiredBump,
): void {
  requireSemantic(version);
  const least = semver.inc(previous, bump)!;
  if (!semver.gt(version, previous)) {
    throw new ReleaseError(`version ${version} is not greater than the previous one, ${previous}`, {
      code: 'version-not-greater',
      fix: `the least allowed is ${least}`,
    });
  }
  const { major, minor, patch } = semver.parse(version)!;
  if (semver.gte(`${major}.${minor}.${patch}`, least)) return;
  throw new ReleaseError(
    `version ${version} is too small a step from ${previous}: ${reason}, which is a ${bump} change`,
    { code: 'version-too-small', fix: `the least allowed is ${least}` },
  );
}

/** @throws ReleaseError unless the text is a semantic version */
export function requireSemantic(version: string): void {
  if (isVersion(version)) return;
  throw new ReleaseError(`"${version}" is no semantic version`, {
    code: 'version-invalid',
    fix: 'give one such as 1.0.0 or 2.0.0-rc.1 (no "v", no build metadata)',
  });
}

function countOf(ids: readonly string[], what: string): string | undefined {
  if (ids.length === 0) return undefined;
  return `${ids.length} ${ids.length === 1 ? 'image' : 'images'} ${what}`;
}
