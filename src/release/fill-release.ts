import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IMAGENET_TERMS, summaryOf } from '../dataset/card.js';
import {
  type Dataset,
  LOCK_FILE,
  readDataset,
  README_FILE,
  textFilesOf,
} from '../dataset/dataset.js';
import { isImageFile } from '../dataset/image-files.js';
import { datasetFiles, type FileDigest, filesInOrder } from '../dataset/image-order.js';
import { ReleaseError } from '../errors.js';
import { croissantOf, type DescribedFile } from '../exports/croissant.js';
import { writeExport } from '../exports/exports.js';
import { sha256File } from '../files/digest.js';
import { makeFolder, requireSpace } from '../files/folders.js';
import { toJson, writeJsonLines } from '../files/json.js';
import { listFiles, tryLink } from '../files/listing.js';
import { writeWhole } from '../files/output-file.js';
import {
  PLAN_FILE,
  PLAN_ROWS_FILE,
  type PlanRow,
  type PlanSummary,
} from '../generate/make-plan.js';
import { planPartOf } from '../generate/stage-folder.js';
import { reportEvery, type StageOptions, throwIfAborted } from '../progress.js';
import { commentRecipe } from '../recipe/write.js';
import { bibtexOf, citationOf } from './citation.js';
import { datasetCardOf } from './card.js';
import { writeChecksums } from './checksums.js';
import { CHANGELOG_FILE, changelogOf } from './diff-text.js';
import type { DatasetDiff } from './diff.js';
import {
  CARD_FILE,
  CITATION_FILE,
  CROISSANT_FILE,
  DATASET_FOLDER,
  datasetFolderOf,
  datasetPrefixOf,
  EXPORTS_FOLDER,
  PLAN_FOLDER,
  RECIPE_FILE,
  RELEASE_FILE,
  type ReleaseSummary,
} from './release-folder.js';

export interface ReleaseContent {
  dataset: Dataset;
  release: ReleaseSummary;
  /** The previous release, and the diff from it. */
  previous: { folder: string; diff: DatasetDiff } | undefined;
}

/**
 * Writes all files of a release into an empty folder. `SHA256SUMS` is written last, so that a folder with it is complete.
 */
export async function fillRelease(
  { dataset, release, previous }: ReleaseContent,
  partial: string,
  options: StageOptions,
): Promise<void> {
  const known = await putDataset(release, dataset, partial, options);
  const own = await readDataset(datasetFolderOf(partial, release));
  const texts = {
    [RECIPE_FILE]: commentRecipe(dataset.summary.recipe),
    [CARD_FILE]: datasetCardOf(release, own),
    [CITATION_FILE]: citationOf(release),
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
    await writeWhole(join(partial, CROISSANT_FILE), toJson(described));
  }
  await writeWhole(join(partial, RELEASE_FILE), toJson(release));
  await writeChecksums(partial, knownFiles(release, own, known));
}

/** The digests of a release's files that are known, in byte order of their paths. */
function knownFiles(
  release: ReleaseSummary,
  own: Dataset,
  known: ReadonlyMap<string, string>,
): AsyncGenerator<FileDigest> {
  const checked = async function* (): AsyncGenerator<FileDigest> {
    const inside = datasetPrefixOf(release);
    for await (const { path, sha256 } of datasetFiles(own)) {
      yield { path: `${inside}${path}`, sha256 };
    }
  };
  const files = Object.fromEntries(known);
  return filesInOrder({ files }, release.kind === 'full' ? checked() : undefined);
}

/** @returns the digests of the files that were put there, but the images, by path in the release */
async function putDataset(
  release: ReleaseSummary,
  dataset: Dataset,
  partial: string,
  options: StageOptions,
): Promise<Map<string, string>> {
  const inside = datasetPrefixOf(release);
  if (release.kind === 'full') {
    await copyDataset(dataset, datasetFolderOf(partial, release), options);
    const { files } = dataset.lock;
    const texts = textFilesOf(dataset).filter((file) => file !== LOCK_FILE);
    return new Map(texts.map((file) => [`${inside}${file}`, files[file]!]));
  }
  for (const file of textFilesOf(dataset)) {
    if (file !== README_FILE) await copyChecked(dataset, file, partial); // the release has its own
  }
  await writePlanOf(dataset, join(partial, PLAN_FOLDER));
  return new Map();
}

/**
 * Puts a dataset's files, byte for byte, into another folder: images as hard links where the file
 * system can, all else as copies, which no edit of the dataset reaches. Each is checked against the
 * lock or the metadata as it is put there.
 * @throws ReleaseError where a file no longer has the digest in the lock
 */
async function copyDataset(dataset: Dataset, to: string, options: StageOptions): Promise<void> {
  const { folder, summary } = dataset;
  await makeFolder(to);
  if (!(await isOneDisk(folder, to))) {
    await requireSpace(to, await bytesOf(dataset), 'the release');
  }
  let done = 0;
  const total = summary.images + textFilesOf(dataset).length;
  const made = new Set<string>();
  const put = async (file: string, expected?: string): Promise<void> => {
    throwIfAborted(options.signal, 'release');
    const parent = dirname(join(to, file));
    if (!made.has(parent)) await makeFolder(parent);
    made.add(parent);
    const place = isImageFile(file) ? linkOrCopy : copy;
    const digest = await place(join(folder, file), join(to, file));
    if (expected !== undefined && digest !== expected) throw changed(folder, file);
    done += 1;
    await reportEvery(50, { stage: 'release', done, total, unit: 'files' }, options);
  };
  for await (const { path, sha256 } of datasetFiles(dataset)) await put(path, sha256);
  await put(LOCK_FILE);
}

/**
 * Copies one of a dataset's files, checked against the lock.
 * @throws ReleaseError where it no longer has the digest in the lock
 */
async function copyChecked({ folder, lock }: Dataset, file: string, to: string): Promise<void> {
  const digest = await copy(join(folder, file), join(to, file));
  if (file !== LOCK_FILE && digest !== lock.files[file]) throw changed(folder, file);
}

/** Links a file, or copies it where that cannot be. @returns the digest of what is there now */
async function linkOrCopy(from: string, to: string): Promise<string> {
  if (!tryLink(from, to)) return copy(from, to);
  return sha256File(to);
}

async function copy(from: string, to: string): Promise<string> {
  const hash = createHash('sha256');
  const [source, target] = [await open(from, 'r'), await open(to, 'w')];
  try {
    for await (const chunk of source.createReadStream({ autoClose: false })) {
      hash.update(chunk as Buffer);
      await target.writeFile(chunk as Buffer);
    }
  } finally {
    await source.close();
    await target.close();
  }
  return hash.digest('hex');
}

async function isOneDisk(a: string, b: string): Promise<boolean> {
  return (await stat(a)).dev === (await stat(b)).dev;
}

async function bytesOf(dataset: Dataset): Promise<number> {
  let { size } = await stat(join(dataset.folder, LOCK_FILE));
  for await (const { path } of datasetFiles(dataset)) {
    size += (await stat(join(dataset.folder, path))).size;
  }
  return size;
}

function changed(folder: string, file: string): ReleaseError {
  return new ReleaseError('this file changed while the release was being made', {
    code: 'dataset-changed',
    path: join(folder, file),
    fix: 'check the dataset with "patchml verify" and run the same command again',
  });
}

/** One file per image, as the dataset itself has them: not listed one by one. */
const UNLISTED = 'yolo';

/**
 * The content of a full release's `croissant.json`.
 * @param known digests of files that are known, by path; those read here are added
 */
async function describeFiles(
  release: ReleaseSummary,
  dataset: Dataset,
  folder: string,
  known: Map<string, string>,
): Promise<object> {
  const files: DescribedFile[] = [];
  for (const path of await listedFiles(release, dataset, folder)) {
    const sha256 = known.get(path) ?? sha256File(join(folder, path));
    known.set(path, sha256);
    files.push({ path, sha256, bytes: (await stat(join(folder, path))).size });
  }
  return croissantOf({
    dataset,
    name: release.name,
    version: release.version,
    description: summaryOf(dataset.summary),
    license: IMAGENET_TERMS,
    url: release.repository ?? undefined,
    date: release.date ?? undefined,
    doi: release.doi,
    citation: bibtexOf(release),
    files,
    folder: DATASET_FOLDER,
  });
}

async function listedFiles(
  { exports }: ReleaseSummary,
  dataset: Dataset,
  folder: string,
): Promise<string[]> {
  const paths = [RECIPE_FILE, ...textFilesOf(dataset).map((file) => `${DATASET_FOLDER}/${file}`)];
  for (const name of exports.filter((name) => name !== UNLISTED)) {
    const place = `${EXPORTS_FOLDER}/${name}`;
    const files = await listFiles(join(folder, place), () => true);
    paths.push(...files.map(({ path }) => `${place}/${path}`));
  }
  return paths;
}

/**
 * Writes the plan that a dataset was composed from, byte for byte: the metadata contains all of it,
 * and the lock has its digest.
 * @throws ReleaseError where its digest is not the lock's
 */
async function writePlanOf({ folder, lock, summary, rows }: Dataset, to: string): Promise<void> {
  await makeFolder(to);
  const file = join(to, PLAN_ROWS_FILE);
  const plan = await writeJsonLines(file);
  let images = 0;
  try {
    for await (const { id, k, objects } of rows()) {
      const placed = objects.patch.map((patch, i) => ({ patch, bbox: objects.bbox[i]! }));
      await plan.write({ id, k, objects: placed } satisfies PlanRow);
      images += 1;
    }
  } finally {
    await plan.close();
  }
  const digest = sha256File(file);
  if (digest !== lock.plan) {
    throw new ReleaseError('its metadata does not match the plan in the lock', {
      code: 'plan-of-another-dataset',
      path: folder,
      fix: 'generate the dataset again',
    });
  }
  const recipe = planPartOf(summary.recipe);
  const says: PlanSummary = { format: 'patchml-plan', digest, pool: lock.pool, images, recipe };
  await writeWhole(join(to, PLAN_FILE), toJson(says));
}
