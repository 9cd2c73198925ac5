import { join, posix } from 'node:path';
import { LOCK_FILE } from '../dataset/dataset-files.js';
import { readDataset } from '../dataset/read-dataset.js';
import {
  type Finding,
  type Verification,
  verifyDataset,
  type VerifyOptions,
} from '../dataset/verify-dataset.js';
import { byteOrder } from '../files/byte-order.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { attempt } from './attempt.js';
import { checkFiles } from './check-files.js';
import { checkOrigin } from './check-origin.js';
import { verifyExport } from './exports/verify-export.js';
import {
  datasetFolderOf,
  datasetPrefixOf,
  EXPORTS_FOLDER,
  readReleaseSummary,
  type ReleaseSummary,
} from './release-files.js';

/** What a release is, and what is wrong with it. */
export interface ReleaseVerification extends Verification {
  release: ReleaseSummary;
}

/**
 * Checks a release: every file against `SHA256SUMS`, the dataset against its lock, the lock, recipe
 * and plan against `release.json`, and every export against the dataset. Nothing but reading is
 * done, and no path of `SHA256SUMS` leads out of the folder.
 * @throws DatasetError when the folder is no release
 */
export async function verifyRelease(
  folder: string,
  options: StageOptions = {},
): Promise<ReleaseVerification> {
  const release = await readReleaseSummary(folder);
  const files = await checkFiles(folder, release, options);
  const { found } = files;
  const inside = datasetPrefixOf(release);
  const digestOf = (file: string): string | undefined => found.get(`${inside}${file}`);
  const dataset = await attempt(LOCK_FILE, () =>
    checkDataset(folder, release, { signal: options.signal, digestOf }),
  );
  const rest = [
    ...dataset.map((finding) => within(inside, finding)),
    ...(await checkOrigin(folder, release, files)),
    ...(dataset.length > 0 ? [] : await checkExports(folder, release, found, options)),
  ];
  const findings = [
    ...files.findings,
    ...rest.filter((finding) => !files.findings.some(isLike(finding))),
  ];
  const images = [...found.keys()].filter((file) => file.startsWith(`${inside}images/`)).length;
  return {
    release,
    dataset: release.dataset,
    files: files.listed,
    images,
    findings: findings.sort((a, b) => byteOrder(a.file, b.file)),
  };
}

/** The dataset by its own rules; of a recipe release, without the images that it has not. */
async function checkDataset(
  folder: string,
  release: ReleaseSummary,
  options: VerifyOptions,
): Promise<Finding[]> {
  const { findings } = await verifyDataset(datasetFolderOf(folder, release), options);
  if (release.kind === 'full') return findings;
  return findings.filter(
    ({ problem, file }) =>
      problem !== 'extra' && !(problem === 'missing' && file.startsWith('images/')),
  );
}

async function checkExports(
  folder: string,
  release: ReleaseSummary,
  found: ReadonlyMap<string, string>,
  options: StageOptions,
): Promise<Finding[]> {
  const dataset = await readDataset(datasetFolderOf(folder, release));
  const findings: Finding[] = [];
  for (const name of release.exports) {
    throwIfAborted(options.signal, 'verify');
    const path = `${EXPORTS_FOLDER}/${name}`;
    const wrong = await attempt('.', async () => {
      const all: Finding[] = [];
      const digestOf = (file: string): string | undefined => found.get(`${path}/${file}`);
      const known = { ...options, digestOf };
      for await (const finding of verifyExport(name, dataset, join(folder, path), known)) {
        all.push(finding);
      }
      return all;
    });
    findings.push(...wrong.map((finding) => within(path, finding)));
  }
  return findings;
}

function within(folder: string, finding: Finding): Finding {
  return { ...finding, file: finding.file === '.' ? folder : posix.join(folder, finding.file) };
}

/** Whether another finding says the same, or why this one is there. */
function isLike({ problem, file }: Finding): (other: Finding) => boolean {
  return (other) => other.file === file && (other.problem === problem || problem === 'invalid');
}
