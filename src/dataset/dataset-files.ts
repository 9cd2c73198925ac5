import type { DropCounts } from '../imagenet/drops.js';
import { readSummary } from '../files/read-summary.js';
import type { CodecVersions } from '../image/codec-versions.js';
import type { Recipe } from '../recipe/schema.js';

/** What `dataset.json` says. Nothing in it depends on the machine. */
export interface DatasetSummary {
  format: 'patchml-dataset';
  name: string;
  version: string;
  /** The recipe with its defaults filled in, without paths. */
  recipe: Recipe;
  images: number;
  /** Images for each number of patches. */
  counts: Record<string, number>;
  /** Where the patches came from: objects = patches + the sum of the drops. */
  source: {
    annotations: number;
    /** Annotations that could not be parsed; their objects are in no other number. */
    malformed: number;
    objects: number;
    patches: number;
    drops: DropCounts;
  };
  /** For each synset, in how many images it is. */
  classes: Record<string, number>;
}

/** What `patchml.lock.json` says: what the dataset was made of, and the digest of every file. */
export interface DatasetLock {
  format: 'patchml-lock';
  /** SHA-256 over the lines `<sha256>  <path>` of all files, in byte order of the paths. */
  dataset: string;
  recipe: string;
  pool: string;
  plan: string;
  versions: { node: string; patchml: string } & CodecVersions;
  /** SHA-256 of every file but this one, by path. */
  files: Record<string, string>;
}

/** The lock: written last, so that a folder without it is no dataset. */
export const LOCK_FILE = 'patchml.lock.json';

/** Reads what `dataset.json` says. @throws DatasetError when the folder is no dataset */
export function readDatasetSummary(folder: string): Promise<DatasetSummary> {
  return readSummary<DatasetSummary>(folder, 'dataset.json', 'patchml-dataset', 'patchml generate');
}

/** Reads a dataset's lock. @throws DatasetError when the folder is no dataset */
export function readLock(folder: string): Promise<DatasetLock> {
  return readSummary<DatasetLock>(folder, LOCK_FILE, 'patchml-lock', 'patchml generate');
}
