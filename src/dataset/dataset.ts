import { join } from 'node:path';
import { z } from 'zod';
import { DatasetError } from '../errors.js';
import { digestOf } from '../files/digest.js';
import { sha256Schema } from '../files/sha256-schema.js';
import type { FolderOf } from '../files/folders.js';
import { readSizedJsonLines, readSummary } from '../files/json.js';
import { codecVersionsSchema } from '../image/codecs.js';
import { dropCountsSchema } from '../imagenet/drops.js';
import { recipeSchema } from '../recipe/schema.js';
import { fieldsOf01, type MetadataRow, objectSchema, ROW_FIELDS, type RowFields } from './row.js';

/** The images of a dataset, a row each. */
export const METADATA_FILE = 'metadata.jsonl';
/** The 1,000 classes: for each class index its wnid and its name. Patchml 0.1 wrote none. */
export const CLASSES_FILE = 'classes.json';
/** The dataset's own card, by which loaders find the images. Patchml 0.1 wrote none. */
export const README_FILE = 'README.md';
/** What a dataset is, counted. */
export const SUMMARY_FILE = 'dataset.json';
/** The lock: written last, so that a folder without it is not a dataset. */
export const LOCK_FILE = 'patchml.lock.json';
const TEXT_FILES: readonly string[] = [
  METADATA_FILE,
  SUMMARY_FILE,
  CLASSES_FILE,
  README_FILE,
  LOCK_FILE,
];

/** The path of a dataset folder; a plain path will do, the path of a pool or plan will not. */
export type DatasetFolder = FolderOf<'dataset'>;

const datasetSchema = z.object({
  format: z.literal('patchml-dataset'),
  name: z.string(),
  version: z.string(),
  /** The recipe with its defaults filled in, without paths. */
  recipe: recipeSchema,
  images: z.int(),
  /** Images for each number of patches. */
  counts: z.record(z.string(), z.int()),
  /**
   * For each number of patches the mean side that a patch is painted in, px: of a patch, the square
   * root of its box's area; rounded to 0.1 px. Datasets of patchml 0.1 have none.
   */
  meanSide: z.record(z.string(), z.number()).optional(),
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
  dataset: sha256Schema,
  recipe: sha256Schema,
  pool: sha256Schema,
  plan: sha256Schema,
  versions: z.object({ node: z.string(), patchml: z.string(), ...codecVersionsSchema.shape }),
  /**
   * SHA-256 of every file but this one and the images, by path: theirs are in the metadata. Locks of
   * patchml 0.1 list the images too.
   */
  files: z.record(z.string(), sha256Schema),
  /** SHA-256 of all of the above as canonical JSON; locks of patchml 0.1 have none. */
  lock: sha256Schema.optional(),
});

/** What `dataset.json` says. Nothing in it depends on the machine. */
export type DatasetSummary = z.output<typeof datasetSchema>;

/** What `patchml.lock.json` says: what the dataset was made of, and the digests of its files. */
export type DatasetLock = z.output<typeof lockSchema>;

/** Reads what `dataset.json` says. @throws DatasetError where the folder is not a dataset */
export function readDatasetSummary(folder: DatasetFolder): Promise<DatasetSummary> {
  return readSummary(folder, SUMMARY_FILE, datasetSchema, 'patchml generate');
}

/** Reads a dataset's lock. @throws DatasetError where the folder is not a dataset */
export function readLock(folder: DatasetFolder): Promise<DatasetLock> {
  return readSummary(folder, LOCK_FILE, lockSchema, 'patchml generate');
}

/** The digest by which a lock vouches for itself: of all its other fields, as canonical JSON. */
export function lockDigest(lock: DatasetLock): string {
  const fields = Object.entries(lock).filter(([name]) => name !== 'lock');
  return digestOf(Object.fromEntries(fields));
}

/** Adds up the sides that patches are painted in, for `meanSide`. */
export function openMeanSide(): {
  add(row: Pick<MetadataRow, 'k' | 'objects'>): void;
  means(): Record<string, number>;
} {
  const sums = new Map<number, { side: number; patches: number }>();
  return {
    add({ k, objects }) {
      const sum = sums.get(k) ?? { side: 0, patches: 0 };
      for (const [, , width, height] of objects.bbox) sum.side += Math.sqrt(width * height);
      sum.patches += objects.bbox.length;
      sums.set(k, sum);
    },
    means() {
      const rounded = [...sums].map(
        ([k, { side, patches }]) => [k, Math.round((10 * side) / patches) / 10] as const,
      );
      return Object.fromEntries(rounded);
    },
  };
}

/** The files of a dataset that are not images. */
export function textFilesOf({ lock }: Pick<Dataset, 'lock'>): string[] {
  return TEXT_FILES.filter((file) => file === LOCK_FILE || lock.files[file] !== undefined);
}

/** The split that a dataset is of, as loaders take it: letters, digits and `_`. */
export function splitOf({ recipe }: Pick<DatasetSummary, 'recipe'>): string {
  return recipe.source.split.replaceAll(/\W+/g, '_') || 'val';
}

/** A dataset folder, opened for reading. */
export interface Dataset {
  folder: DatasetFolder;
  summary: DatasetSummary;
  lock: DatasetLock;
  /** The fields that its rows have. */
  fields: RowFields;
  /**
   * The metadata, an image at a time, in the dataset's order.
   * @throws DatasetError that names the line and the field, or says that rows, or all of them, are missing
   */
  rows: () => AsyncIterable<MetadataRow>;
  /** The path of a row's image file. */
  pathOf: (row: MetadataRow) => string;
}

/**
 * Opens a dataset folder: reads its summary and its lock. Its files are not checked.
 * @throws DatasetError where it is not a dataset; OutputError where it cannot be read
 */
export async function readDataset(folder: DatasetFolder): Promise<Dataset> {
  const summary = await readDatasetSummary(folder);
  const lock = await readLock(folder);
  const fields = fieldsOf(lock);
  return {
    folder,
    summary,
    lock,
    fields,
    rows: () => readAllRows(folder, fields, summary),
    pathOf: (row) => join(folder, row.file_name),
  };
}

/** The fields that the rows of a dataset with this lock have: fewer in those of patchml 0.1. */
export function fieldsOf({ files }: Pick<DatasetLock, 'files'>): RowFields {
  return files[CLASSES_FILE] === undefined ? fieldsOf01() : ROW_FIELDS;
}

async function* readAllRows(
  folder: DatasetFolder,
  fields: RowFields,
  { images }: DatasetSummary,
): AsyncGenerator<MetadataRow> {
  let rows = 0;
  for await (const row of readMetadata(folder, fields)) {
    rows += 1;
    yield row;
  }
  if (rows === images) return;
  throw new DatasetError(`its metadata has ${rows} rows, but ${SUMMARY_FILE} says ${images}`, {
    code: 'dataset-invalid',
    path: folder,
    fix: 'check it with "patchml verify"',
  });
}

/** Takes the rows of metadata as they are read, with the bytes of each line. */
interface RowObserver {
  add(row: MetadataRow, bytes: number): void;
}

/**
 * Reads a dataset's metadata.
 * @param fields that each row has, no more and no fewer
 * @throws DatasetError that names the line and the field
 */
export async function* readMetadata(
  folder: DatasetFolder,
  fields: RowFields,
  observer?: RowObserver,
): AsyncGenerator<MetadataRow> {
  const rowSchema = objectSchema(fields) as z.ZodType<MetadataRow>;
  const path = join(folder, METADATA_FILE);
  let line = 0;
  for await (const { value, bytes } of readSizedJsonLines(path)) {
    line += 1;
    const row = rowSchema.safeParse(value);
    if (row.success) {
      observer?.add(row.data, bytes);
      yield row.data;
      continue;
    }
    const issue = row.error.issues[0]!;
    throw new DatasetError(`${issue.path.map(String).join('.')}: ${issue.message}`, {
      code: 'metadata-invalid',
      path,
      place: `line ${line}`,
      fix: 'generate the dataset again',
    });
  }
}
