import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCK_FILE } from '../dataset/dataset-files.js';
import type { Dataset } from '../dataset/read-dataset.js';
import { sha256File } from '../files/digest.js';
import { listFiles } from '../files/list-files.js';
import { bibtexOf, IMAGENET_TERMS } from './citation.js';
import { summaryOf } from './dataset-card.js';
import { croissantOf, type ReleaseFile } from './exports/croissant.js';
import { DATASET_FOLDER, EXPORTS_FOLDER, type ReleaseSummary } from './release-files.js';

/** A file an image, as the dataset itself has them: not listed one by one. */
const UNLISTED = 'yolo';

/**
 * What `croissant.json` says of a full release, as it lies in a folder.
 * @param known digests of files that are known, by path; those read here are added
 */
export async function describeFiles(
  release: ReleaseSummary,
  dataset: Dataset,
  folder: string,
  known: Map<string, string>,
): Promise<object> {
  const files: ReleaseFile[] = [];
  for (const path of await listedFiles(release, folder)) {
    const sha256 = known.get(path) ?? sha256File(join(folder, path));
    known.set(path, sha256);
    files.push({ path, sha256, bytes: (await stat(join(folder, path))).size });
  }
  return croissantOf({
    dataset,
    name: release.name,
    version: release.version,
    description: summaryOf(dataset),
    license: IMAGENET_TERMS,
    url: release.repository ?? undefined,
    date: release.date ?? undefined,
    citation: bibtexOf(release),
    files,
    folder: DATASET_FOLDER,
  });
}

async function listedFiles({ exports }: ReleaseSummary, folder: string): Promise<string[]> {
  const own = ['metadata.jsonl', 'dataset.json', LOCK_FILE];
  const paths = ['recipe.yaml', ...own.map((file) => `${DATASET_FOLDER}/${file}`)];
  for (const name of exports.filter((name) => name !== UNLISTED)) {
    const place = `${EXPORTS_FOLDER}/${name}`;
    const files = await listFiles(join(folder, place), () => true);
    paths.push(...files.map(({ path }) => `${place}/${path}`));
  }
  return paths;
}
