import { type Dataset, readDataset } from '../dataset/read-dataset.js';
import { datasetFolderOf, isRelease, readReleaseSummary } from './release-files.js';
import type { ReleaseSummary } from './release-files.js';

/** A dataset in a folder of its own, or in a release. */
export interface Published {
  /** The folder as it was named. */
  path: string;
  dataset: Dataset;
  /** What it is published as; absent for a dataset that is not. */
  release?: ReleaseSummary | undefined;
  /** Whether the images are there. */
  hasPixels: boolean;
}

/** Opens a dataset folder or a release. @throws DatasetError where it is neither */
export async function openPublished(path: string): Promise<Published> {
  if (!(await isRelease(path))) {
    return { path, dataset: await readDataset(path), hasPixels: true };
  }
  const release = await readReleaseSummary(path);
  const dataset = await readDataset(datasetFolderOf(path, release));
  return { path, dataset, release, hasPixels: release.kind === 'full' };
}
