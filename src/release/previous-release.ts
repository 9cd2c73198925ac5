import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import { datasetDigest } from '../dataset/dataset-digest.js';
import { LOCK_FILE } from '../dataset/dataset-files.js';
import type { Dataset } from '../dataset/read-dataset.js';
import { ReleaseError } from '../errors.js';
import { byteOrder } from '../files/byte-order.js';
import { sha256File } from '../files/digest.js';
import type { StageOptions } from '../progress.js';
import { CHANGELOG_FILE } from './changelog.js';
import { readChecksums } from './checksums.js';
import { type DatasetDiff, diffDatasets } from './diff-datasets.js';
import { openPublished, type Published } from './open-published.js';
import {
  datasetPrefixOf,
  readReleaseSummary,
  RELEASE_FILE,
  type ReleaseSummary,
} from './release-files.js';
import { requiredBump, requireVersion } from './version-rule.js';

/**
 * Compares a dataset with the release before it.
 * @throws ReleaseError where that is none or was changed, is of another dataset, or the new version
 * breaks the rule
 */
export async function comparePrevious(
  previous: string,
  { dataset, version }: { dataset: string; version: string },
  options: StageOptions,
): Promise<DatasetDiff> {
  const published = await openPublished(previous);
  const { release } = published;
  if (!release) {
    throw new ReleaseError('this is a dataset, not a release', {
      code: 'previous-no-release',
      path: previous,
      fix: 'give --previous a folder that "patchml release" made',
    });
  }
  await requireIntact(published, release);
  const diff = await diffDatasets(previous, dataset, options);
  if (diff.after.name !== release.name) {
    throw new ReleaseError(
      `the previous release is of "${release.name}", not "${diff.after.name}"`,
      {
        code: 'previous-other-name',
        path: previous,
        fix: 'give the release before this one, or change the name in the recipe back',
      },
    );
  }
  requireVersion(version, release.version, requiredBump(diff));
  return diff;
}

/**
 * Without a previous release named, there must be no earlier one beside the new one: else the rule
 * of versions would be stepped around by leaving it out.
 */
export async function requirePreviousNamed(
  { to, version }: { to: string; version: string },
  { summary }: Dataset,
): Promise<void> {
  const names = await readdir(to).catch(() => []);
  const earlier: string[] = [];
  for (const folder of names.filter((name) => name.startsWith(`${summary.name}-`))) {
    const release = await readReleaseSummary(join(to, folder)).catch(() => undefined);
    const isEarlier = release?.name === summary.name && semver.lt(release.version, version);
    if (isEarlier) earlier.push(release.version);
  }
  const last = semver.rsort(earlier)[0];
  if (last === undefined) return;
  throw new ReleaseError(`there is an earlier release of ${summary.name} here, ${last}`, {
    code: 'previous-not-named',
    path: to,
    fix: `compare with it: --previous ${join(to, `${summary.name}-${last}`)}`,
  });
}

/** Checks what is read of a release: its summary, changelog, metadata and lock. */
async function requireIntact({ path, dataset }: Published, release: ReleaseSummary): Promise<void> {
  const digest = release.dataset;
  const { digests } = await readChecksums(path);
  const inside = datasetPrefixOf(release);
  const read = ['metadata.jsonl', 'dataset.json', LOCK_FILE].map((file) => `${inside}${file}`);
  for (const file of [RELEASE_FILE, CHANGELOG_FILE, ...read]) {
    if (sha256File(join(path, file)) !== digests.get(file)) throw changed(path, file);
  }
  const { lock, folder } = dataset;
  const files = Object.entries(lock.files).sort(([a], [b]) => byteOrder(a, b));
  if (lock.dataset !== digest || datasetDigest(files) !== digest) throw changed(folder, LOCK_FILE);
  for (const file of ['metadata.jsonl', 'dataset.json']) {
    if (sha256File(join(folder, file)) !== lock.files[file]) throw changed(folder, file);
  }
}

function changed(folder: string, file: string): ReleaseError {
  return new ReleaseError('this file of the previous release was changed', {
    code: 'previous-changed',
    path: join(folder, file),
    fix: '"patchml verify" says what is wrong with it; get it anew',
  });
}
