import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnotationError, DatasetError, ImageError } from '../errors.js';
import { digestOf, sha256File } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import { exists, requireSpace } from '../files/folders.js';
import { toJson } from '../files/json.js';
import { writeWhole } from '../files/output-file.js';
import { buildFolder } from '../files/output-folder.js';
import { forgetProgress } from '../files/resume.js';
import { fitInside } from '../image/box.js';
import { codecVersions } from '../image/codecs.js';
import { MemoryBudget } from '../image/memory-budget.js';
import { countDrops, type Drop, type DropReason } from '../imagenet/drops.js';
import { fingerprintOf, isUnchanged } from '../imagenet/images.js';
import { inBatches } from '../parallel/ordered.js';
import { mapInWorkers } from '../parallel/workers.js';
import type { StageOptions } from '../progress.js';
import { storeSide } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import {
  type IndexFolder,
  type IndexSummary,
  readIndexedImages,
  readIndexSummary,
  requireIndexedImages,
} from './build-index.js';
import type { ExtractBatch, ExtractedBatch } from './cut-patches.js';
import type { ExtractWorkerSettings } from './extract-worker.js';
import {
  type Pool,
  POOL_FILE,
  type PoolFolder,
  type PoolProgress,
  type PoolSummary,
  readDropRows,
  readPool,
  readPoolSummary,
} from './pool.js';
import { openPoolOutput, recoverPoolProgress } from './pool-writer.js';
import type { IndexedImage } from './sort-objects.js';
import {
  findOne,
  indexPartOf,
  poolPartOf,
  requireSamePart,
  type RowMarks,
  type RowsBegin,
} from './stage-folder.js';

/** Images that a worker takes at a time, and whose progress is noted together. */
const BATCH = 16;

export interface ExtractInput {
  recipe: Recipe;
  /** The index folder, made by the same `source` part of the recipe. */
  index: IndexFolder;
  /** Folder or archive of images: those that were indexed. Default: where they were indexed. */
  images?: string | undefined;
  /** Where stages keep what they make; the pool goes into `pool/<key>` in it. */
  work: string;
}

export interface ExtractOptions extends StageOptions {
  /** Ends the run at the first image that cannot be decoded, or contradicts its annotation. Default: false. */
  strict?: boolean | undefined;
}

/**
 * The second stage: cuts every usable object out of its image, into one packed file. A pool of the
 * same objects, images, patch settings and codecs is used again; an interrupted one is continued.
 * @throws ImageError where the images cannot be read; where strict, ImageError at the first that
 * cannot be decoded, AnnotationError at the first whose size contradicts its annotation
 * @throws DatasetError where the index is invalid, damaged, of another recipe, or of other images
 * @throws OutputError where `work` cannot be written or the disk is too small; AbortedError
 */
export function extractPool(input: ExtractInput, options: ExtractOptions = {}): Promise<Pool> {
  return explaining(() => extract(input, options));
}

async function extract(input: ExtractInput, options: ExtractOptions): Promise<Pool> {
  const extraction = await openExtraction(input);
  const { recipe, index, folder, indexed } = extraction;
  const fill = async (partial: string, marks: RowMarks): Promise<PoolProgress> => {
    const reached = await recoverPoolProgress(partial, index);
    const needed = await estimatePoolBytes(readIndexedImages(index), storeSide(recipe));
    await requireSpace(folder, needed - reached.bytes, 'the pool');
    return cutImages(
      extraction,
      { partial, reached, from: 0, to: indexed.indexed.images, marks },
      options,
    );
  };
  return completePool(extraction, fill, options);
}

/** What an extraction reads, and the pool that it makes. */
export interface Extraction extends Omit<ExtractInput, 'work'> {
  images: string;
  indexed: IndexSummary;
  folder: PoolFolder;
}

/** @throws DatasetError where the index is invalid, or of another recipe */
export async function openExtraction(input: ExtractInput): Promise<Extraction> {
  const { recipe, index, images, work } = input;
  const indexed = await readIndexSummary(index);
  requireSamePart('index', index, indexed.recipe, indexPartOf(recipe));
  const folder = await poolFolder(recipe, indexed, work);
  return { recipe, index, indexed, folder, images: images ?? indexed.images };
}

/**
 * Checks what an extraction reads.
 * @param range the first image that is needed, and the one behind the last; then their files alone are
 * looked at, since to list millions takes a while on a network disk. Default: all
 * @returns where the rows of the index begin
 * @throws DatasetError where the index is damaged, or the images are not those that were indexed
 */
export async function requireSources(
  { index, indexed, images }: Extraction,
  range?: readonly [number, number],
): Promise<RowMarks> {
  const marks = requireIndexedImages(index, indexed);
  const isSame =
    (range && (await areUnchanged(index, images, range, marks))) ??
    (await fingerprintOf(images)) === indexed.imagesFingerprint;
  if (!isSame) {
    throw new DatasetError('the images are not those that were indexed, or have changed since', {
      code: 'images-of-another-index',
      path: images,
      place: `index ${index}`,
      fix: 'run "patchml index" again',
    });
  }
  return marks;
}

/** @returns undefined where the index does not say: of an archive, or made by patchml 0.1 */
async function areUnchanged(
  index: IndexFolder,
  images: string,
  [from, to]: readonly [number, number],
  marks: RowMarks,
): Promise<boolean | undefined> {
  await stat(images);
  const indexed = readIndexedImages(index, { from, marks });
  for await (const rows of inBatches(indexed, BATCH, 0, to - from)) {
    if (rows.some(({ place }) => place.modified === undefined)) return undefined;
    const same = await Promise.all(rows.map(({ place }) => isUnchanged(images, place)));
    if (same.includes(false)) return false;
  }
  return true;
}

/**
 * The pool of an extraction: the one that is there, or one whose rows and pixels are put into a
 * folder by `fill`.
 */
export async function completePool(
  extraction: Extraction,
  fill: (partial: string, marks: RowMarks) => Promise<PoolProgress>,
  { strict }: Pick<ExtractOptions, 'strict'> = {},
): Promise<Pool> {
  const { recipe, indexed, folder, images } = extraction;
  if (await isPool(folder)) {
    if (strict) await requireAllDecoded(folder, images);
    return readPool(folder);
  }
  const marks = await requireSources(extraction);
  await buildFolder(folder, async (partial) => {
    const progress = await fill(partial, marks);
    await requireLengths(partial, progress);
    const summary = await summarize(recipe, indexed, progress, partial);
    await writeWhole(join(partial, POOL_FILE), toJson(summary), { sync: false }); // the folder is
    await forgetProgress(partial);
  });
  return readPool(folder);
}

/** Whether a complete pool is there. */
export function isPool(folder: string): Promise<boolean> {
  return exists(join(folder, POOL_FILE));
}

/**
 * Finds the pool of a recipe in a work folder: that of an index where one is given, else the only
 * one there is.
 * @throws DatasetError where the index is invalid; where no pool is there, or more than one
 */
export async function findPool({
  recipe,
  index,
  work,
}: Pick<ExtractInput, 'recipe' | 'work'> & Partial<ExtractInput>): Promise<PoolFolder> {
  if (index !== undefined) return poolFolder(recipe, await readIndexSummary(index), work);
  const wanted = digestOf([poolPartOf(recipe), await codecVersions()]);
  return findOne('pool', work, async (folder) => {
    const { recipe: part, codecs } = await readPoolSummary(folder);
    return digestOf([part, codecs]) === wanted;
  });
}

async function poolFolder(recipe: Recipe, index: IndexSummary, work: string): Promise<PoolFolder> {
  const { digest, dropsDigest, imagesFingerprint, annotations } = index;
  const codecs = await codecVersions();
  const made = { digest, dropsDigest, imagesFingerprint, annotations, codecs };
  const key = digestOf(['pool 3', made, poolPartOf(recipe)]);
  return join(work, 'pool', key.slice(0, 16));
}

/** A disk may take less than it said: a pool whose files are shorter or longer gets no summary. */
export async function requireLengths(
  partial: string,
  { bytes, rowBytes }: PoolProgress,
): Promise<void> {
  const lengths = { 'patches.bin': bytes, 'patches.jsonl': rowBytes };
  for (const [name, length] of Object.entries(lengths)) {
    const path = join(partial, name);
    const { size } = await stat(path);
    if (size === length) continue;
    throw new DatasetError(`expected ${length} bytes to have been written, found ${size}`, {
      code: 'pool-damaged',
      path,
      fix: 'run the same command again',
    });
  }
}

async function summarize(
  recipe: Recipe,
  indexed: IndexSummary,
  { patches, bytes, drops }: PoolProgress,
  partial: string,
): Promise<PoolSummary> {
  const { annotations, malformed, objects } = indexed;
  return {
    format: 'patchml-pool',
    digest: sha256File(join(partial, 'patches.jsonl')),
    source: { annotations, malformed, objects },
    patches,
    bytes,
    drops: countDrops(indexed.drops, drops),
    codecs: await codecVersions(),
    recipe: poolPartOf(recipe),
  };
}

/** A run of images, in the order of the index. */
export interface ImageRun {
  /** Where their patches go, and how far they came. */
  partial: string;
  reached: PoolProgress;
  /** The first image, from 0, and the one behind the last. */
  from: number;
  to: number;
  /** What {@link requireSources} found. */
  marks: RowMarks;
}

/** Cuts the patches of a run of images, those that are reached left out. */
export async function cutImages(
  { recipe, index, images }: Extraction,
  { partial, reached, from, to, marks }: ImageRun,
  { jobs, signal, strict, onProgress }: ExtractOptions,
): Promise<PoolProgress> {
  const workerData: ExtractWorkerSettings = {
    images,
    memory: new MemoryBudget().shared,
    patch: recipe.patch,
    storeSide: storeSide(recipe),
  };
  const total = to - from;
  const spares: SharedArrayBuffer[] = [];
  const batches = mapInWorkers<ExtractBatch, ExtractedBatch>(
    batchesOf(index, { from: from + reached.images, marks }, total - reached.images, spares),
    {
      worker: new URL('./extract-worker.js', import.meta.url),
      workerData,
      expected: Math.ceil((total - reached.images) / BATCH),
      stage: 'extract',
      jobs,
      signal,
    },
  );
  const output = await openPoolOutput(partial, reached);
  try {
    onProgress?.({ stage: 'extract', done: reached.images, total, unit: 'images' });
    for await (const batch of batches) {
      if (strict) requireDecoded(images, batch.drops);
      const { images: done } = await output.append(batch);
      spares.push(batch.pixels.buffer as SharedArrayBuffer);
      onProgress?.({ stage: 'extract', done, total, unit: 'images' });
    }
  } finally {
    await output.close();
  }
  return output.progress;
}

/** @param spares each batch takes one, where there is one */
async function* batchesOf(
  index: IndexFolder,
  begin: RowsBegin,
  count: number,
  spares: SharedArrayBuffer[],
): AsyncGenerator<ExtractBatch> {
  for await (const images of inBatches(readIndexedImages(index, begin), BATCH, 0, count)) {
    yield { images, spare: spares.pop() };
  }
}

async function requireAllDecoded(pool: string, images: string): Promise<void> {
  for await (const drop of readDropRows(pool)) requireDecoded(images, [drop]);
}

/** What the filters drop is sound; these are what the input has wrong. */
const DEFECTS: readonly DropReason[] = ['image-corrupt', 'image-too-large', 'size-mismatch'];

function requireDecoded(path: string, drops: readonly Drop[]): void {
  const defect = drops.find(({ reason }) => DEFECTS.includes(reason));
  if (!defect) return;
  const { reason, image: place, detail } = defect;
  if (reason === 'size-mismatch') {
    throw new AnnotationError(detail ?? 'its size does not match its image', {
      code: 'annotation-malformed',
      path,
      place,
      fix: 'fix the annotation, or run without --strict to count and skip it',
    });
  }
  throw new ImageError(detail ?? 'it cannot be decoded', {
    code: reason as 'image-corrupt' | 'image-too-large',
    path,
    place,
    fix: 'replace the image, or run without --strict to count and skip it',
  });
}

/** About how many bytes the patches of these images take, before the filters. */
export async function estimatePoolBytes(
  images: AsyncIterable<IndexedImage>,
  storeSide: number,
): Promise<number> {
  let bytes = 0;
  for await (const { objects } of images) {
    for (const { box } of objects) {
      if (!box.every(Number.isFinite)) continue; // degenerate
      const width = Math.min(Math.max(1, box[2] - box[0] + 1), 10_000);
      const height = Math.min(Math.max(1, box[3] - box[1] + 1), 10_000);
      const stored = fitInside([width, height], [storeSide, storeSide]);
      bytes += 3 * Math.min(width * height, stored[0] * stored[1]);
    }
  }
  return bytes;
}
