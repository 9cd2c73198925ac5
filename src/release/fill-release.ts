import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, readDataset } from '../dataset/read-dataset.js';
import { ReleaseError } from '../errors.js';
import { toJson, writeWhole } from '../files/stage-folder.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { commentRecipe } from '../recipe/commented-recipe.js';
import { CHANGELOG_FILE, changelogOf } from './changelog.js';
import { writeChecksums } from './checksums.js';
import { citationOf } from './citation.js';
import { copyChecked, copyDataset, TEXT_FILES } from './copy-dataset.js';
import { datasetCardOf } from './dataset-card.js';
import type { DatasetDiff } from './diff-datasets.js';
import { describeFiles } from './describe-files.js';
import { writeExport } from './exports/write-export.js';
import {
  datasetFolderOf,
  datasetPrefixOf,
  EXPORTS_FOLDER,
  PLAN_FOLDER,
  RELEASE_FILE,
  type ReleaseSummary,
} from './release-files.js';
import { writePlanOf } from './write-plan.js';

/** In an unfinished release: says that the folder may be cleared. */
const UNFINISHED_FILE = 'UNFINISHED';

export interface ReleaseContent {
  dataset: Dataset;
  release: ReleaseSummary;
  /** The release before, and the diff from it. */
  previous: { folder: string; diff: DatasetDiff } | undefined;
}

/**
 * Writes all files of a release into a folder; what an interrupted run left in it is cleared.
 * `SHA256SUMS` comes last, so that a folder with it is whole.
 */
export async function fillRelease(
  { dataset, release, previous }: ReleaseContent,
  partial: string,
  options: StageOptions,
): Promise<void> {
  await startAfresh(partial);
  const known = await putDataset(release, dataset, partial, options);
  const own = await readDataset(datasetFolderOf(partial, release));
  const texts = {
    'recipe.yaml': commentRecipe(dataset.summary.recipe),
    'README.md': datasetCardOf(release, own),
    'CITATION.cff': citationOf(release),
    [CHANGELOG_FILE]: await changelogOf(release, dataset.summary, previous),
  };
  for (const [file, text] of Object.entries(texts)) await writeWhole(join(partial, file), text);
  for (const name of release.exports) {
    throwIfAborted(options.signal, 'release');
    const folder = join(partial, EXPORTS_FOLDER, name);
    await writeExport(name, own, folder, { ...options, shardSize: release.shardSize ?? undefined });
  }
  if (release.kind === 'full') {
    const described = await describeFiles(release, own, partial, known);
    await writeWhole(join(partial, 'croissant.json'), toJson(described));
  }
  await writeWhole(join(partial, RELEASE_FILE), toJson(release));
  await rm(join(partial, UNFINISHED_FILE));
  await writeChecksums(partial, known);
}

/** @returns the digests of the files that were put there, by path in the release */
async function putDataset(
  release: ReleaseSummary,
  dataset: Dataset,
  partial: string,
  options: StageOptions,
): Promise<Map<string, string>> {
  const inside = datasetPrefixOf(release);
  if (release.kind === 'full') {
    const digests = await copyDataset(dataset, datasetFolderOf(partial, release), options);
    return new Map([...digests].map(([file, digest]) => [`${inside}${file}`, digest]));
  }
  for (const file of TEXT_FILES) await copyChecked(dataset, file, partial);
  await writePlanOf(dataset, join(partial, PLAN_FOLDER));
  return new Map();
}

async function startAfresh(partial: string): Promise<void> {
  const names = await readdir(partial);
  const isOurs = [UNFINISHED_FILE, RELEASE_FILE].some((name) => names.includes(name));
  if (names.length > 0 && !isOurs) {
    throw new ReleaseError('this folder is in the way and is no unfinished release', {
      code: 'release-exists',
      path: partial,
      fix: 'move it away',
    });
  }
  await writeFile(join(partial, UNFINISHED_FILE), 'This release is being made.\n');
  for (const name of names) {
    if (name !== UNFINISHED_FILE) await rm(join(partial, name), { recursive: true });
  }
}
