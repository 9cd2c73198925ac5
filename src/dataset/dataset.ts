import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../files/digest.js';
import type { FolderOf } from '../files/folders.js';
import { readSummary } from '../files/json.js';
import { codecVersionsSchema } from '../image/codecs.js';
import { dropCountsSchema } from '../imagenet/annotation.js';
import { recipeSchema } from '../recipe/schema.js';
import { type MetadataRow, readMetadata } from './metadata.js';

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256');

const datasetSchema = z.object({
  format: z.literal('patchml-dataset'),
  name: z.string(),
  version: z.string(),
  /** The recipe with its defaults filled in, without paths. */
  recipe: recipeSchema,
  images: z.int(),
  /** Images for each number of patches. */
  counts: z.record(z.string(), z.int()),
  /** Where the patches came from: objects = patches + the sum of the drops. */
  source: z.object({
    annotations: z.int(),
    /** Annotations that could not be parsed; their objects are in no other number. */
    malformed: z.int(),
    objects: z.int(),
    patches: z.int(),
    drops: dropCountsSchema,
  }),
  /** For each synset, in how many images it is. */
  classes: z.record(z.string(), z.int()),
});

const lockSchema = z.object({
  format: z.literal('patchml-lock'),
  /** SHA-256 over the lines `<sha256>  <path>` of all files, in byte order of the paths. */
  dataset: digest,
  recipe: digest,
  pool: digest,
  plan: digest,
  versions: z.object({ node: z.string(), patchml: z.string(), ...codecVersionsSchema.shape }),
  /** SHA-256 of every file but this one, by path. */
  files: z.record(z.string(), digest),
});

/** The path of a dataset folder; a plain path will do, the path of a pool or plan will not. */
export type DatasetFolder = FolderOf<'dataset'>;

/** What `dataset.json` says. Nothing in it depends on the machine. */
export type DatasetSummary = z.output<typeof datasetSchema>;

/** What `patchml.lock.json` says: what the dataset was made of, and the digest of every file. */
export type DatasetLock = z.output<typeof lockSchema>;

/** The lock: written last, so that a folder without it is no dataset. */
export const LOCK_FILE = 'patchml.lock.json';

/** Reads what `dataset.json` says. @throws DatasetError when the folder is no dataset */
export function readDatasetSummary(folder: DatasetFolder): Promise<DatasetSummary> {
  return readSummary(folder, 'dataset.json', datasetSchema, 'patchml generate');
}

/** Reads a dataset's lock. @throws DatasetError when the folder is no dataset */
export function readLock(folder: DatasetFolder): Promise<DatasetLock> {
  return readSummary(folder, LOCK_FILE, lockSchema, 'patchml generate');
}

/**
 * The digest of a dataset: SHA-256 over a line `<sha256>  <path>` for each file but the lock, as
 * `sha256sum` writes them.
 * @param files in byte order of their paths
 */
export function datasetDigest(files: readonly (readonly [path: string, digest: string])[]): string {
  return sha256(files.map(([path, digest]) => `${digest}  ${path}\n`).join(''));
}

/** A dataset folder, opened for reading. */
export interface Dataset {
  folder: DatasetFolder;
  summary: DatasetSummary;
  lock: DatasetLock;
  /** The metadata, an image at a time, in the dataset's order. */
  rows: () => AsyncIterable<MetadataRow>;
  /** The path of a row's image file. */
  pathOf: (row: MetadataRow) => string;
}

/** Opens a dataset folder. @throws DatasetError when it is none */
export async function readDataset(folder: DatasetFolder): Promise<Dataset> {
  return {
    folder,
    summary: await readDatasetSummary(folder),
    lock: await readLock(folder),
    rows: () => readMetadata(folder),
    pathOf: (row) => join(folder, row.file_name),
  };
}
