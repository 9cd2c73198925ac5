import { join } from 'node:path';
import { type Dataset, readDataset } from '../dataset/read-dataset.js';
import { verifyDataset } from '../dataset/verify-dataset.js';
import { explainError, ReleaseError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { buildFolder } from '../files/stage-folder.js';
import type { StageOptions } from '../progress.js';
import { PATCHML_VERSION } from '../version.js';
import type { DatasetDiff } from './diff-datasets.js';
import { EXPORT_NAMES } from './exports/write-export.js';
import { fillRelease } from './fill-release.js';
import { comparePrevious, requirePreviousLast } from './previous-release.js';
import { type ReleaseSummary, SUMS_FILE } from './release-files.js';
import { isWithin, requireFree, requireOutsideRelease } from './release-place.js';
import { type ReleaseFacts, requireCitable } from './require-citable.js';
import { requireSemantic } from './version-rule.js';

export interface ReleaseInput extends ReleaseFacts {
  /** The dataset folder. */
  dataset: string;
  /** The semantic version of the release, such as `1.1.0`. */
  version: string;
  /** The folder of releases; this one goes into `<name>-<version>` in it. */
  to: string;
  /** The release before this one, which the version is checked against. Default: there is none. */
  previous?: string | undefined;
}

/** A release, as it was made or was there. */
export interface Released {
  folder: string;
  release: ReleaseSummary;
  /** False where this very release was there already. */
  isNew: boolean;
  /** What changed since the previous release. */
  diff?: DatasetDiff | undefined;
}

/**
 * Makes a release folder from a dataset that is whole: the dataset (or what makes it), a dataset
 * card, a citation, a changelog, Croissant metadata, exports, and the digests of all of them. The
 * same input gives the same bytes. The folder is whole or not there.
 * @throws ReleaseError where the dataset is not whole, the version breaks the rule, or another
 * release is in the place
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
  const folder = join(input.to, `${dataset.summary.name}-${input.version}`);
  if (await isWithin(folder, input.dataset)) {
    throw new ReleaseError('the release would be in the dataset, which it would change', {
      code: 'release-in-dataset',
      path: folder,
      fix: 'name another --to',
    });
  }
  await requireOutsideRelease(input.to);
  const { previous: path } = input;
  const diff = path === undefined ? undefined : await comparePrevious(path, input, options);
  await requirePreviousLast(input, dataset.summary.name);
  const previous = path !== undefined && diff ? { folder: path, diff } : undefined;
  const summary = describe(input, dataset, previous);
  const isThere = (await requireFree(folder, summary, options)) === 'there';
  await requireVerified(dataset, options);
  if (!isThere) {
    const fill = async (partial: string): Promise<void> => {
      await fillRelease({ dataset, release: summary, previous }, partial, options);
      await requireFree(folder, summary, options); // another run may have been faster
    };
    await buildFolder(folder, fill, { replace: false });
  }
  return { folder, release: summary, isNew: !isThere, diff };
}

function describe(
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

/** The name becomes a folder's, so that it must be one that a recipe may have. */
function requireOwnName({ folder, summary }: Dataset): void {
  if (summary.name === summary.recipe.name) return;
  throw new ReleaseError('its name is not that of its recipe', {
    code: 'dataset-not-whole',
    path: join(folder, 'dataset.json'),
    place: 'name',
    fix: 'generate the dataset again',
  });
}

async function requireVerified({ folder }: Dataset, options: StageOptions): Promise<void> {
  const { findings } = await verifyDataset(folder, options);
  const [first] = findings;
  if (!first) return;
  const count = findings.length === 1 ? '1 problem' : `${findings.length} problems, the first`;
  const detail = first.detail === undefined ? '' : ` (${first.detail})`;
  throw new ReleaseError(
    `only a whole dataset is released; ${count}: ${first.problem} ${first.file}${detail}`,
    { code: 'dataset-not-whole', path: folder, fix: 'generate the dataset again' },
  );
}
