import { dirname, join } from 'node:path';
import { type Dataset, type DatasetFolder, readDataset, SUMMARY_FILE } from '../dataset/dataset.js';
import { requireComplete } from '../dataset/verify.js';
import { DatasetError, ReleaseError } from '../errors.js';
import { EXPORT_NAMES } from '../exports/exports.js';
import { sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { realPlace, requireOutside } from '../files/folders.js';
import { toJson } from '../files/json.js';
import { buildFolder, type OutputKind, requirePlace, withOneOf } from '../files/output-folder.js';
import type { StageOptions } from '../progress.js';
import { PATCHML_VERSION } from '../version.js';
import { type ReleaseFacts, requireCitable } from './citation.js';
import type { DatasetDiff } from './diff.js';
import { fillRelease } from './fill-release.js';
import { SUMS_FILE } from './checksums.js';
import {
  isRelease,
  readReleaseSummary,
  RELEASE_FILE,
  type ReleaseFolder,
  releaseFolderName,
  type ReleaseSummary,
} from './release-folder.js';
import { verifyRelease } from './verify-release.js';
import { comparePrevious, requirePreviousLast, requireSemantic } from './versions.js';

export interface ReleaseInput extends ReleaseFacts {
  dataset: DatasetFolder;
  /** The semantic version of the release, such as `1.1.0`. */
  version: string;
  /** The folder of releases; this one goes into `<name>-<version>` in it. */
  to: string;
  /** The previous release, to check the version against. Default: none. */
  previous?: ReleaseFolder | undefined;
}

/** A release that was made, or already exists. */
export interface Released {
  folder: ReleaseFolder;
  release: ReleaseSummary;
  /** False where this same release already exists. */
  isNew: boolean;
  /** What changed since the previous release. */
  diff?: DatasetDiff | undefined;
}

/**
 * Makes a release folder from a complete dataset: the dataset (or what makes it), a dataset
 * card, a citation, a changelog, Croissant metadata, exports, and the digests of all of them. The
 * same input gives the same bytes. The folder is complete or absent.
 * @throws DatasetError where the dataset is incomplete or damaged
 * @throws ReleaseError where the version breaks the rule, or another
 * release is in the place
 * @throws OutputError where a folder cannot be read or written; AbortedError
 */
export async function releaseDataset(
  input: ReleaseInput,
  options: StageOptions = {},
): Promise<Released> {
  try {
    return await release(input, options);
  } catch (error) {
    throw explainError(error, input.to);
  }
}

async function release(input: ReleaseInput, options: StageOptions): Promise<Released> {
  requireSemantic(input.version);
  requireCitable(input);
  const dataset = await readDataset(input.dataset);
  requireOwnName(dataset);
  const folder = join(
    input.to,
    releaseFolderName({ name: dataset.summary.name, version: input.version }),
  );
  await requireOutside(folder, input.dataset, (problem) => {
    const fix = 'choose another output folder';
    return new ReleaseError(problem, { code: 'release-in-dataset', path: folder, fix });
  });
  await requireOutsideRelease(input.to);
  const { previous: path } = input;
  const diff = path === undefined ? undefined : await comparePrevious(path, input, options);
  await requirePreviousLast(input, dataset.summary.name);
  const previous = path !== undefined && diff ? { folder: path, diff } : undefined;
  const summary = summarize(input, dataset, previous);
  const isThere = (await requireFree(folder, summary, options)) === 'there';
  await requireComplete(input.dataset, options);
  if (!isThere) {
    const fill = async (partial: string): Promise<void> => {
      await fillRelease({ dataset, release: summary, previous }, partial, options);
      await requireFree(folder, summary, options); // another run may have been faster
    };
    await buildFolder(folder, fill, { kind: RELEASE, replace: false });
  }
  return { folder, release: summary, isNew: !isThere, diff };
}

function summarize(
  input: ReleaseInput,
  { summary, lock }: Dataset,
  previous: { folder: string; diff: DatasetDiff } | undefined,
): ReleaseSummary {
  return {
    format: 'patchml-release',
    name: summary.name,
    version: input.version,
    kind: input.recipeOnly ? 'recipe' : 'full',
    dataset: lock.dataset,
    recipe: lock.recipe,
    pool: lock.pool,
    plan: lock.plan,
    exports: EXPORT_NAMES.filter((name) => input.exports?.includes(name)),
    shardSize: input.shardSize ?? null,
    repository: input.repository ?? null,
    authors: [...(input.authors ?? [])],
    date: input.date ?? null,
    ...(input.doi === undefined ? {} : { doi: input.doi }),
    previous: previous
      ? {
          version: previous.diff.before.version,
          dataset: previous.diff.before.digest,
          checksums: sha256File(join(previous.folder, SUMS_FILE)),
        }
      : null,
    patchml: PATCHML_VERSION,
  };
}

/** The name becomes that of a folder, so it must be one that a recipe may have. */
function requireOwnName({ folder, summary }: Dataset): void {
  if (summary.name === summary.recipe.name) return;
  throw new DatasetError("its name differs from its recipe's", {
    code: 'dataset-damaged',
    path: join(folder, SUMMARY_FILE),
    place: 'name',
    fix: 'generate the dataset again',
  });
}

const RELEASE: OutputKind = {
  what: 'a release',
  code: 'release-exists',
  Failure: ReleaseError,
  foreign: withOneOf(RELEASE_FILE),
  foreignUnfinished: withOneOf(RELEASE_FILE),
};

/**
 * Checks the place of a release. Nothing there is ever replaced.
 * @returns `there` if this very release is there and complete, else `free`
 * @throws ReleaseError where something else is there
 */
async function requireFree(
  place: string,
  release: ReleaseSummary,
  options: StageOptions,
): Promise<'there' | 'free'> {
  if ((await requirePlace(place, RELEASE)) === 'free') return 'free';
  const { name, version } = release;
  const problem = { code: 'release-exists', path: place } as const;
  if (toJson(await readReleaseSummary(place)) !== toJson(release)) {
    throw new ReleaseError(
      `${name} ${version} already exists, made from another dataset or with other options`,
      {
        ...problem,
        fix: 'choose another --version; a published version never changes',
      },
    );
  }
  const { findings } = await verifyRelease({ release: place }, options);
  if (findings.length === 0) return 'there';
  throw new ReleaseError(`${name} ${version} already exists, but is incomplete or was changed`, {
    ...problem,
    fix: `"patchml verify ${place}" lists the problems; move or remove the folder to recreate the release`,
  });
}

/**
 * Checks that writing here would not change a release: the place is not a release and not inside one.
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
  throw new ReleaseError(`this is inside the release ${folder}, which must not change`, {
    code: 'output-in-release',
    path: place,
    fix: 'choose another output folder',
  });
}
