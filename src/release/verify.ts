import { join } from 'node:path';
import { type DatasetFolder } from '../dataset/dataset.js';
import { type Verification, verifyDataset } from '../dataset/verify.js';
import { DatasetError, ReleaseError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { exists } from '../files/folders.js';
import { findPoolOf, regenerateSample, type Regeneration } from '../generate/regenerate-sample.js';
import type { StageOptions } from '../progress.js';
import { SUMS_FILE } from './checksums.js';
import {
  datasetFolderOf,
  isRelease,
  RELEASE_FILE,
  type ReleaseFolder,
  type ReleaseSummary,
} from './release-folder.js';
import { verifyRelease } from './verify-release.js';

/** What is checked, and whether images are recomposed. */
export interface VerifyInput {
  folder: DatasetFolder | ReleaseFolder;
  /** Default: no image is recomposed. */
  regenerate?: SampleToRegenerate | undefined;
}

/** Which images are recomposed, and from which pool. */
export interface SampleToRegenerate {
  /** Images to recompose, 1 or more. Default: 100, or all where there are fewer. */
  sample?: number | undefined;
  /** The pool folder that the dataset was composed from. Default: found in `work`. */
  pool?: string | undefined;
  /** The folder in which `generate` kept its pools. */
  work: string;
}

/** What was found. */
export interface Verified extends Verification {
  /** What the release says of itself; absent for a dataset. */
  release?: ReleaseSummary | undefined;
  /** Of a release: files that do not belong to it and do no harm, see `ReleaseVerification`. */
  tolerated?: string[] | undefined;
  /** The images that were recomposed; absent where none was asked for, or the metadata are damaged. */
  regeneration?: Regeneration | undefined;
  /** True where nothing is wrong and every recomposed image has the same pixels. */
  isWhole: boolean;
}

const DEFAULT_SAMPLE = 100;

/**
 * Checks a dataset or a release, whichever the folder is, and on request recomposes a sample of its
 * images from the pool and compares the pixels. Reads only.
 * @throws DatasetError where the folder is neither, or the pool is missing or another dataset's
 * @throws ReleaseError `release-incomplete` for a release without its `release.json`
 * @throws OutputError where a file cannot be read; AbortedError
 */
export async function verify(
  { folder, regenerate }: VerifyInput,
  options: StageOptions = {},
): Promise<Verified> {
  try {
    const checked = await check(folder, options);
    const regeneration = regenerate && (await makeAgain(folder, checked, regenerate, options));
    const isWhole = checked.findings.length === 0 && !regeneration?.differing.length;
    return { ...checked, regeneration, isWhole };
  } catch (error) {
    throw explainError(error, folder);
  }
}

type Checked = Pick<Verified, 'release'> & Verification;

async function check(folder: string, options: StageOptions): Promise<Checked> {
  if (await isRelease(folder)) return verifyRelease({ release: folder }, options);
  if (await exists(join(folder, SUMS_FILE))) {
    throw new ReleaseError(`this release has no ${RELEASE_FILE}`, {
      code: 'release-incomplete',
      path: folder,
      fix: 'pull the release again',
    });
  }
  return verifyDataset({ dataset: folder }, options);
}

function datasetIn(folder: string, { release }: Checked): DatasetFolder {
  return release ? datasetFolderOf(folder, release) : folder;
}

async function makeAgain(
  place: string,
  checked: Checked,
  { sample = DEFAULT_SAMPLE, pool, work }: SampleToRegenerate,
  options: StageOptions,
): Promise<Regeneration | undefined> {
  const folder = datasetIn(place, checked);
  try {
    const from = pool ?? (await findPoolOf({ dataset: folder, work }));
    return await regenerateSample({ dataset: folder, pool: from, sample }, options);
  } catch (error) {
    const isDataset = error instanceof DatasetError && error.path?.startsWith(folder);
    if (isDataset && checked.findings.length > 0) return undefined; // the findings say it better
    throw error;
  }
}
