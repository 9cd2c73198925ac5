import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import {
  type DatasetLock,
  type DatasetSummary,
  LOCK_FILE,
  METADATA_FILE,
  openMeanSide,
  readDatasetSummary,
  readLock,
  readMetadata,
} from '../dataset/dataset.js';
import { IMAGES_FOLDER } from '../dataset/image-files.js';
import { type FileDigest, openImageOrder } from '../dataset/image-order.js';
import { type MetadataRow, ROW_FIELDS } from '../dataset/row.js';
import { OutputError } from '../errors.js';
import { digestOf, sha256File } from '../files/digest.js';
import { makeFolder } from '../files/folders.js';
import { writeJsonLines } from '../files/json.js';
import { type OutputKind, requirePlace, withOneOf } from '../files/output-folder.js';
import { noteProgress, PROGRESS_FILE, takeUpProgress } from '../files/resume.js';
import { type CodecVersions, codecVersionsSchema } from '../image/codecs.js';
import { recipeDigest } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';

/** How far a dataset is; noted after each batch, so that a killed run resumes from there. */
const progressSchema = z.object({
  /** Images done, in the plan's order. */
  images: z.int().min(0),
  /** Length of `metadata.jsonl`. */
  rowBytes: z.int().min(0),
});

/** The images and rows of a dataset being written, with what its summary needs. */
export interface DatasetOutput {
  /** Images done, in the plan's order. */
  readonly images: number;
  readonly counts: Record<string, number>;
  readonly classes: Map<string, number>;
  /** The mean side that patches are painted in, px, for each k. */
  meanSide(): Record<string, number>;
  /** The images so far, in byte order of their files. */
  imagesInOrder(): AsyncGenerator<FileDigest>;
  /** Makes the folder that an image's file goes into. @param file by its path in the dataset */
  makeFolderOf(file: string): Promise<void>;
  append(rows: readonly MetadataRow[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the output of a partial dataset. Of an interrupted run the images that were noted are
 * taken over once the digest of each has been checked; a damaged one starts from nothing.
 */
export async function openDatasetOutput(partial: string): Promise<DatasetOutput> {
  const folders = new Set<string>();
  const makeFolderOf = async (file: string): Promise<void> => {
    const folder = dirname(file);
    if (folders.has(folder)) return;
    await makeFolder(join(partial, folder));
    folders.add(folder);
  };
  await makeFolderOf(join(IMAGES_FOLDER, 'any'));
  const progress = await recoverProgress(partial);
  const order = openImageOrder();
  const counts: Record<string, number> = {};
  const classes = new Map<string, number>();
  const sides = openMeanSide();
  const note = (row: MetadataRow): void => {
    counts[row.k] = (counts[row.k] ?? 0) + 1;
    sides.add(row);
    for (const wnid of row.wnids) classes.set(wnid, (classes.get(wnid) ?? 0) + 1);
  };
  if (progress.images > 0) {
    for await (const row of readMetadata(partial, ROW_FIELDS, order)) note(row);
  }

  const metadata = await writeJsonLines(join(partial, METADATA_FILE), 'a');
  return {
    get images() {
      return progress.images;
    },
    counts,
    classes,
    meanSide: () => sides.means(),
    imagesInOrder: () => order.read(partial),
    makeFolderOf,
    async append(rows) {
      for (const row of rows) {
        const bytes = await metadata.write(row);
        progress.rowBytes += bytes;
        order.add(row, bytes);
        note(row);
      }
      progress.images += rows.length;
      await metadata.flush();
      await noteProgress(partial, progress);
    },
    close: () => metadata.close(),
  };
}

async function recoverProgress(partial: string): Promise<z.output<typeof progressSchema>> {
  const progress = await takeUpProgress(partial, {
    schema: progressSchema,
    lengths: ({ rowBytes }) => ({ [METADATA_FILE]: rowBytes }),
    isIntact: () => isIntact(partial),
  });
  if (progress) return progress;
  await rm(join(partial, METADATA_FILE), { force: true });
  return { images: 0, rowBytes: 0 };
}

async function isIntact(partial: string): Promise<boolean> {
  for await (const { file_name, sha256 } of readMetadata(partial, ROW_FIELDS)) {
    const found = tryDigest(join(partial, file_name));
    if (found !== sha256) return false;
  }
  return true;
}

function tryDigest(path: string): string | undefined {
  try {
    return sha256File(path);
  } catch {
    return undefined; // missing or unreadable: the image is composed again
  }
}

/** What determines a dataset: two with the same are byte for byte the same. */
export interface DatasetOrigin extends Pick<DatasetLock, 'recipe' | 'pool' | 'plan'> {
  /** What the inputs held, as `dataset.json` will say. */
  source: DatasetSummary['source'];
  codecs: CodecVersions;
}

/** A dataset is replaced by none but another, and no other folder is cleared for one. */
export const DATASET: OutputKind = {
  what: 'a dataset',
  code: 'output-not-empty',
  foreign: withOneOf(LOCK_FILE),
  foreignUnfinished: withOneOf(PROGRESS_FILE, LOCK_FILE),
};

/**
 * Checks that a place may take a dataset of this recipe, before the work that leads to it.
 * @param shown how errors name the place
 * @throws OutputError where something else is there, or a dataset of another recipe and not to be
 * replaced
 */
export async function requirePlaceFor(
  recipe: Recipe,
  place: string,
  overwrite: boolean,
  shown = place,
): Promise<void> {
  if ((await requirePlace(place, DATASET)) === 'free' || overwrite) return;
  if ((await readLock(place)).recipe !== recipeDigest(recipe)) throw otherDataset(shown);
}

/**
 * Looks at the place a dataset is to go to.
 * @param shown how errors name it
 * @returns `complete` where this very dataset is there already, else `free`
 * @throws OutputError where something else is there that may not be replaced
 */
export async function inspectPlace(
  place: string,
  origin: DatasetOrigin,
  overwrite: boolean,
  shown = place,
): Promise<'complete' | 'free'> {
  if ((await requirePlace(place, DATASET)) === 'free') return 'free';
  if (digestOf(await readOrigin(place)) === digestOf(origin)) return 'complete';
  if (overwrite) return 'free';
  throw otherDataset(shown);
}

function otherDataset(path: string): OutputError {
  return new OutputError('this folder holds a dataset of another recipe or pool', {
    code: 'output-other-dataset',
    path,
    fix: 'pass --overwrite to replace it, or choose another output folder',
  });
}

async function readOrigin(place: string): Promise<DatasetOrigin> {
  const { source } = await readDatasetSummary(place);
  const { recipe, pool, plan, versions } = await readLock(place);
  return { recipe, pool, plan, source, codecs: codecVersionsSchema.parse(versions) };
}
