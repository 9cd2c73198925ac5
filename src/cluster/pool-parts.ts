import { join } from 'node:path';
import { DatasetError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import { requireSpace } from '../files/folders.js';
import { forgetProgress } from '../files/resume.js';
import {
  type IndexFolder,
  readIndexedImages,
  readIndexSummary,
  requireIndexedImages,
} from '../generate/build-index.js';
import type { ExtractedBatch } from '../generate/cut-patches.js';
import {
  completePool,
  cutImages,
  estimatePoolBytes,
  type Extraction,
  type ExtractInput,
  type ExtractOptions,
  isPool,
  openExtraction,
  requireLengths,
  requireSources,
} from '../generate/extract-pool.js';
import { type PatchRow, type Pool, readDropRows, readRows } from '../generate/pool.js';
import { PoolReader } from '../generate/pool-reader.js';
import { openPoolOutput, recoverPoolProgress } from '../generate/pool-writer.js';
import type { IndexedImage } from '../generate/sort-objects.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { storeSide } from '../recipe/geometry.js';
import {
  damagedPart,
  findParts,
  makePart,
  type Part,
  partsFolder,
  rangeOf,
  removeParts,
  type Shard,
} from './parts.js';

/** Pixels that are copied at a time, bytes. */
const COPIED = 4e6;

export interface ExtractShardInput extends ExtractInput {
  shard: Shard;
}

/**
 * Extracts the patches of one part of the images, into `<pool>.shards/<part>-of-<of>` in the work
 * folder, which all machines share. A part that is there, or belongs to a pool that is, is left as it
 * is; an interrupted one is continued.
 * @throws DatasetError `option-out-of-range`, and as {@link extractPool}; OutputError `output-in-use`
 * where another run is at this part
 */
export function extractShard(
  input: ExtractShardInput,
  options: ExtractOptions = {},
): Promise<Part> {
  return explaining(async () => {
    const { shard } = input;
    const extraction = await openExtraction(input);
    const { folder } = extraction;
    const { images } = extraction.indexed.indexed;
    const complete = (await isPool(folder)) ? { folder, images } : undefined;
    const files = ['patches.jsonl', 'drops.jsonl'];
    return makePart({ shard, parts: partsFolder(folder), complete, files }, async (partial) => {
      const [from, to] = rangeOf(shard, images);
      const marks = await requireSources(extraction, [from, to]);
      const reached = await recoverPoolProgress(partial, undefined);
      const own = inRun(readIndexedImages(extraction.index, { from, marks }), to - from);
      await requireSpace(partial, await bytesOf(extraction, own), 'a part of the pool');
      const run = { partial, reached, from, to, marks };
      const progress = await cutImages(extraction, run, options);
      await requireLengths(partial, progress);
      return [from, to];
    });
  });
}

/** The files that the images of a shard lie in, by their paths from the images' folder. */
export async function filesOfShard(index: IndexFolder, shard: Shard): Promise<Set<string>> {
  const indexed = await readIndexSummary(index);
  const [from, to] = rangeOf(shard, indexed.indexed.images);
  const begin = { from, marks: requireIndexedImages(index, indexed) };
  const files = new Set<string>();
  for await (const { place } of inRun(readIndexedImages(index, begin), to - from)) {
    files.add(place.file);
  }
  return files;
}

/** The first images of some. */
async function* inRun(
  images: AsyncIterable<IndexedImage>,
  count: number,
): AsyncGenerator<IndexedImage> {
  let seen = 0;
  for await (const image of images) {
    if (seen >= count) break;
    seen += 1;
    yield image;
  }
}

function bytesOf({ recipe }: Extraction, images: AsyncIterable<IndexedImage>): Promise<number> {
  return estimatePoolBytes(images, storeSide(recipe));
}

/**
 * Joins the parts that {@link extractShard} made into the pool that an undivided run makes, byte for
 * byte, checks every patch, and removes them. A pool that is there is left as it is.
 * @throws DatasetError `parts-missing`, `part-damaged`, and as {@link extractPool}; OutputError;
 * AbortedError
 */
export function mergePool(
  input: ExtractInput,
  { signal, onProgress }: Pick<StageOptions, 'signal' | 'onProgress'> = {},
): Promise<Pool> {
  return explaining(async () => {
    const extraction = await openExtraction(input);
    const parts = partsFolder(extraction.folder);
    const total = extraction.indexed.indexed.images;
    const pool = await completePool(extraction, async (partial) => {
      const found = await findParts(parts, total);
      const images = readIndexedImages(extraction.index);
      await requireSpace(partial, await bytesOf(extraction, images), 'the pool');
      await forgetProgress(partial); // it is copied from the beginning
      const reached = await recoverPoolProgress(partial, extraction.index);
      const output = await openPoolOutput(partial, reached);
      try {
        for (const { folder, range } of found) {
          const [from, to] = range;
          for await (const batch of batchesIn(folder, to - from)) {
            throwIfAborted(signal, 'extract');
            await output.append(batch);
          }
          onProgress?.({ stage: 'extract', done: to, total, unit: 'images' });
        }
      } finally {
        await output.close();
      }
      return output.progress;
    });
    await removeParts(parts);
    return pool;
  });
}

/** The patches of a part in batches, and last its images and what was dropped of them. */
async function* batchesIn(folder: string, images: number): AsyncGenerator<ExtractedBatch> {
  const reader = new PoolReader(folder);
  try {
    let rows: ExtractedBatch['rows'] = [];
    let pixels: Uint8Array[] = [];
    let bytes = 0;
    const take = (): ExtractedBatch => {
      const batch = { rows, pixels: Buffer.concat(pixels, bytes), drops: [], images: 0 };
      [rows, pixels, bytes] = [[], [], 0];
      return batch;
    };
    for await (const { offset, ...row } of readRows(folder)) {
      const data = readPixels(reader, { ...row, offset });
      if (data === undefined || sha256(data) !== row.sha256) {
        throw damagedPart(`the pixels of ${row.id} have changed`, join(folder, 'patches.bin'));
      }
      rows.push(row);
      pixels.push(data);
      bytes += data.length;
      if (bytes >= COPIED) yield take();
    }
    const last = take();
    for await (const drop of readDropRows(folder)) last.drops.push(drop);
    yield { ...last, images };
  } finally {
    reader.close();
  }
}

/** A patch's pixels; undefined where the file ends before them. */
function readPixels(reader: PoolReader, row: PatchRow): Uint8Array | undefined {
  try {
    return reader.read(row).data;
  } catch (error) {
    if (error instanceof DatasetError && error.code === 'pool-cut-off') return undefined;
    throw error;
  }
}
