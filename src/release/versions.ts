import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import { ReleaseError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { exists, isUnfinished } from '../files/folders.js';
import { byteOrder } from '../files/listing.js';
import type { StageOptions } from '../progress.js';
import { countOf } from '../text.js';
import { type DatasetDiff, diffDatasets } from './diff.js';
import { SUMS_FILE } from './checksums.js';
import { isRelease, isVersion, readReleaseSummary, RELEASE_FILE } from './release-folder.js';
import { requireVerifiedRelease } from './verify-release.js';

/** By which part a version has to grow. */
export type Bump = 'major' | 'minor' | 'patch';

/** The least bump that a change asks for, and what asks for it. */
export interface RequiredBump {
  bump: Bump;
  reason: string;
}

/**
 * The rule of versions: anything existing changed or removed is major, images added to unchanged
 * ones are minor, and all else (documents, exports, files encoded again without loss) is a patch.
 */
export function requiredBump({ images }: Pick<DatasetDiff, 'images'>): RequiredBump {
  const broken = [
    changeText(images.removed, 'removed'),
    changeText(images.changedPixels, 'changed in pixels'),
    changeText(images.changedLabels, 'changed in labels'),
  ].filter((part) => part !== undefined);
  if (broken.length > 0) return { bump: 'major', reason: broken.join(', ') };
  const added = changeText(images.added, 'added');
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
      fix: `the lowest allowed is ${least}`,
    });
  }
  const { major, minor, patch } = semver.parse(version)!;
  if (semver.gte(`${major}.${minor}.${patch}`, least)) return;
  throw new ReleaseError(
    `version ${version} is too small a step from ${previous}: ${reason}, which is a ${bump} change`,
    { code: 'version-too-small', fix: `the lowest allowed is ${least}` },
  );
}

/** @throws ReleaseError unless the text is a semantic version */
export function requireSemantic(version: string): void {
  if (isVersion(version)) return;
  throw new ReleaseError(`"${version}" is not a semantic version`, {
    code: 'version-invalid',
    fix: 'pass one such as 1.0.0 or 2.0.0-rc.1 (no "v", no build metadata)',
  });
}

function changeText(ids: readonly string[], what: string): string | undefined {
  if (ids.length === 0) return undefined;
  return `${countOf(ids.length, 'image')} ${what}`;
}

/**
 * Compares a dataset with the release before it.
 * @throws ReleaseError where it is not a complete release or is of another dataset, or the new version
 * breaks the rule
 */
export async function comparePrevious(
  previous: string,
  { dataset, version }: { dataset: string; version: string },
  options: StageOptions,
): Promise<DatasetDiff> {
  if (!(await isRelease(previous))) {
    throw new ReleaseError(`this is not a release: it has no ${RELEASE_FILE}`, {
      code: 'previous-not-a-release',
      path: previous,
      fix: 'pass a folder made by "patchml release" as --previous',
    });
  }
  await requireVerifiedRelease(previous, options);
  const release = await readReleaseSummary(previous);
  const diff = await diffDatasets({ before: previous, after: dataset }, options);
  if (diff.after.name !== release.name) {
    throw new ReleaseError(
      `the previous release is named "${release.name}", not "${diff.after.name}"`,
      {
        code: 'previous-other-name',
        path: previous,
        fix: 'pass the previous release of this dataset, or restore the name in the recipe',
      },
    );
  }
  requireVersion(version, release.version, requiredBump(diff));
  return { ...diff, after: { ...diff.after, version } }; // the recipe's own is another
}

/**
 * The previous release must be the last one before the new version in the same folder; otherwise
 * leaving it out, or naming an older one, would evade the rule of versions.
 * @throws ReleaseError `previous-not-named`, `previous-not-last`
 */
export async function requirePreviousLast(
  { to, version, previous }: { to: string; version: string; previous?: string | undefined },
  name: string,
): Promise<void> {
  const last = await lastBefore(version, name, to);
  if (!last) return;
  const there = `there is an earlier release of ${name} in this folder, ${last.version}`;
  const fix = `compare against it: --previous ${last.folder}`;
  if (previous === undefined) {
    throw new ReleaseError(there, { code: 'previous-not-named', path: to, fix });
  }
  const named = await readReleaseSummary(previous);
  if (semver.gt(named.version, last.version)) return;
  if ((await sumsOf(last.folder)) === (await sumsOf(previous))) return;
  throw new ReleaseError(`${there}, but --previous names another`, {
    code: 'previous-not-last',
    path: to,
    fix,
  });
}

/** The digest of a release's `SHA256SUMS`, which is that of all its files. */
async function sumsOf(folder: string): Promise<string | undefined> {
  const path = join(folder, SUMS_FILE);
  return (await exists(path)) ? sha256File(path) : undefined;
}

/** The greatest version below a new one, among the releases in a folder. */
async function lastBefore(
  version: string,
  name: string,
  to: string,
): Promise<{ version: string; folder: string } | undefined> {
  let last: { version: string; folder: string } | undefined;
  for (const entry of (await readdir(to).catch(() => [])).sort(byteOrder)) {
    if (isUnfinished(entry)) continue;
    const folder = join(to, entry);
    const release = await readReleaseSummary(folder).catch(() => undefined);
    if (release?.name !== name || !semver.lt(release.version, version)) continue;
    if (!last || semver.gt(release.version, last.version)) {
      last = { version: release.version, folder };
    }
  }
  return last;
}
