import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { z } from 'zod';
import { ImageError } from '../errors.js';
import { digestOf, sha256File } from '../files/digest.js';
import { buildFolder, exists, requireSpace, toJson } from '../files/folders.js';
import { readJsonLines, readSummary } from '../files/json.js';
import { writeWhole } from '../files/output-file.js';
import { fitInside } from '../image/box.js';
import { codecVersions, codecVersionsSchema } from '../image/codecs.js';
import { countDrops, type Drop, dropCountsSchema } from '../imagenet/annotation.js';
import { ImageReader } from '../imagenet/image-reader.js';
import { mapInOrder } from '../parallel/ordered.js';
import type { StageOptions } from '../progress.js';
import { storeSide } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import {
  type IndexedImage,
  type IndexSummary,
  readIndexedImages,
  readIndexSummary,
} from './build-index.js';
import { extractBatch, type ExtractSettings } from './cut-patches.js';
import {
  openPoolOutput,
  type PoolProgress,
  progressFile,
  recoverPoolProgress,
} from './pool-writer.js';

/** Images whose progress is noted together. */
const BATCH = 8;

const poolSchema = z.object({
  format: z.literal('patchml-pool'),
  digest: z.string(),
  source: z.object({ annotations: z.int(), malformed: z.int(), objects: z.int() }),
  patches: z.int(),
  bytes: z.int(),
  drops: dropCountsSchema,
  storeSide: z.int(),
  codecs: codecVersionsSchema,
});

/**
 * What `pool.json` says of a pool folder: the SHA-256 of `patches.jsonl` (which holds the digest of
 * every patch's pixels), what the index counted, the patches and the bytes of `patches.bin`, and
 * the objects that did not become patches, those the index dropped included.
 */
export type PoolSummary = z.output<typeof poolSchema>;

export interface ExtractInput {
  recipe: Recipe;
  /** The index folder. */
  index: string;
  /** Where stages keep what they make; the pool goes into `pool/<key>` in it. */
  work: string;
}

export interface ExtractOptions extends StageOptions {
  /** Ends the run at the first image that cannot be decoded. Default: false. */
  strict?: boolean | undefined;
}

/**
 * The second stage: cuts every usable object out of its image, into one packed file. A pool of the
 * same objects, images, patch settings and codecs is used again; an interrupted one is continued.
 * @returns the pool folder
 * @throws ImageError where strict; OutputError when the disk is too small
 */
export async function extractPool(
  { recipe, index, work }: ExtractInput,
  options: ExtractOptions = {},
): Promise<string> {
  const indexed = await readIndexSummary(index);
  const folder = poolFolder(recipe, indexed, work);
  if (await exists(join(folder, 'pool.json'))) {
    if (options.strict) await requireAllDecoded(folder, indexed.images);
    return folder;
  }

  await buildFolder(folder, async (partial) => {
    const reached = await recoverPoolProgress(partial, index);
    const needed = await estimatePoolBytes(readIndexedImages(index), storeSide(recipe));
    await requireSpace(folder, needed - reached.bytes, 'the pool');
    const images = readIndexedImages(index);
    const progress = await writePool({ recipe, indexed, images, partial, reached }, options);
    const summary = summarize(recipe, indexed, progress, partial);
    await writeWhole(join(partial, 'pool.json'), toJson(summary));
    await rm(progressFile(partial), { force: true });
  });
  return folder;
}

/** The folder that the pool of this input has, made or not. */
export async function findPool({ recipe, index, work }: ExtractInput): Promise<string> {
  return poolFolder(recipe, await readIndexSummary(index), work);
}

/** Reads what `pool.json` says. @throws DatasetError when the folder is no pool */
export function readPoolSummary(folder: string): Promise<PoolSummary> {
  return readSummary(folder, 'pool.json', poolSchema, 'patchml extract');
}

function poolFolder(recipe: Recipe, index: IndexSummary, work: string): string {
  const settings = { ...recipe.patch, fit: undefined, storeSide: storeSide(recipe) };
  const { digest, dropsDigest, imagesFingerprint, annotations } = index;
  const made = { digest, dropsDigest, imagesFingerprint, annotations, codecs: codecVersions() };
  const key = digestOf(['pool 1', made, JSON.parse(JSON.stringify(settings))]);
  return join(work, 'pool', key.slice(0, 16));
}

function summarize(
  recipe: Recipe,
  indexed: IndexSummary,
  { patches, bytes, drops }: PoolProgress,
  partial: string,
): PoolSummary {
  const { annotations, malformed, objects } = indexed;
  return {
    format: 'patchml-pool',
    digest: sha256File(join(partial, 'patches.jsonl')),
    source: { annotations, malformed, objects },
    patches,
    bytes,
    drops: countDrops(indexed.drops, drops),
    storeSide: storeSide(recipe),
    codecs: codecVersions(),
  };
}

interface WriteInput {
  recipe: Recipe;
  indexed: IndexSummary;
  images: AsyncIterable<IndexedImage>;
  partial: string;
  reached: PoolProgress;
}

async function writePool(
  { recipe, indexed, images, partial, reached }: WriteInput,
  { jobs = availableParallelism(), signal, strict, onProgress }: ExtractOptions,
): Promise<PoolProgress> {
  const reader = new ImageReader(indexed.images);
  const settings: ExtractSettings = {
    reader,
    patch: recipe.patch,
    storeSide: storeSide(recipe),
    limit: pLimit(jobs === 1 ? 1 : 2 * jobs), // so that no thread waits for JavaScript
  };
  const batches = mapInOrder(
    inBatches(images, reached.images),
    (batch) => extractBatch(batch, settings),
    { ahead: 2 + Math.ceil(jobs / BATCH), signal, stage: 'extract' },
  );
  const total = indexed.indexed.images;
  const output = await openPoolOutput(partial, reached);
  try {
    onProgress?.({ stage: 'extract', done: reached.images, total, unit: 'images' });
    for await (const batch of batches) {
      if (strict) requireDecoded(indexed.images, batch.drops);
      const { images: done } = await output.append(batch);
      onProgress?.({ stage: 'extract', done, total, unit: 'images' });
    }
  } finally {
    settings.limit.clearQueue();
    await output.close();
    await reader.close();
  }
  return output.progress;
}

async function* inBatches(
  images: AsyncIterable<IndexedImage>,
  skip: number,
): AsyncGenerator<IndexedImage[]> {
  let batch: IndexedImage[] = [];
  let seen = 0;
  for await (const image of images) {
    seen += 1;
    if (seen <= skip) continue;
    batch.push(image);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function requireAllDecoded(pool: string, images: string): Promise<void> {
  for await (const row of readJsonLines(join(pool, 'drops.jsonl'))) {
    requireDecoded(images, [row as Drop]);
  }
}

function requireDecoded(path: string, drops: readonly Drop[]): void {
  const corrupt = drops.find(({ reason }) => reason === 'image-corrupt');
  if (!corrupt) return;
  throw new ImageError(corrupt.detail ?? 'it cannot be decoded', {
    code: 'image-corrupt',
    path,
    place: corrupt.image,
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
      const width = Math.min(Math.max(1, box[2] - box[0] + 1), 10_000);
      const height = Math.min(Math.max(1, box[3] - box[1] + 1), 10_000);
      const stored = fitInside([width, height], [storeSide, storeSide]);
      bytes += 3 * Math.min(width * height, stored[0] * stored[1]);
    }
  }
  return bytes;
}
