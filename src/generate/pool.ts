import { join } from 'node:path';
import { z } from 'zod';
import { sha256File } from '../files/digest.js';
import type { FolderOf } from '../files/folders.js';
import { readSummary } from '../files/json.js';
import { codecVersionsSchema } from '../image/codecs.js';
import { type Drop, dropCountsSchema, dropRowSchema } from '../imagenet/drops.js';
import { classIndexSchema, wnidSchema } from '../imagenet/synsets.js';
import { damagedPool, PoolReader } from './pool-reader.js';
import { poolPartSchema, readStageRows } from './stage-folder.js';

/** What a pool is. */
export const POOL_FILE = 'pool.json';

/** The path of a pool folder. */
export type PoolFolder = FolderOf<'pool'>;

const poolSchema = z.object({
  format: z.literal('patchml-pool'),
  digest: z.string(),
  source: z.object({ annotations: z.int(), malformed: z.int(), objects: z.int() }),
  patches: z.int(),
  bytes: z.int(),
  drops: dropCountsSchema,
  codecs: codecVersionsSchema,
  recipe: poolPartSchema,
});

/**
 * What `pool.json` says of a pool folder: the SHA-256 of `patches.jsonl` (which holds the digest of
 * every patch's pixels), what the index counted, the patches and the bytes of `patches.bin`, the
 * objects that did not become patches, those the index dropped included, the codecs' versions, and
 * the part of the recipe that it depends on.
 */
export type PoolSummary = z.output<typeof poolSchema>;

/** How far a pool is; noted after each batch, so that a killed run resumes from there. */
export const poolProgressSchema = z.object({
  /** Images done, in the index's order. */
  images: z.int().min(0),
  patches: z.int().min(0),
  /** Length of `patches.bin`. */
  bytes: z.int().min(0),
  /** Lengths of `patches.jsonl` and `drops.jsonl`. */
  rowBytes: z.int().min(0),
  dropBytes: z.int().min(0),
  /** Objects that extraction dropped. */
  drops: dropCountsSchema,
});
export type PoolProgress = z.output<typeof poolProgressSchema>;

const pixel = z.int().min(0);
const patchSchema = z.object({
  id: z.string(),
  wnid: wnidSchema,
  class: classIndexSchema,
  source: z.string(),
  box: z.tuple([pixel, pixel, pixel, pixel]).readonly(),
  width: z.int().positive(),
  height: z.int().positive(),
  sha256: z.string(),
  offset: z.int().min(0),
});

/**
 * One row of a pool's `patches.jsonl`: `id` is `<imageId>#<objectIndex>`; `source` the id of the
 * image it was cut from, `box` what was cut out of that image, px; `width` and `height` its size as
 * stored, px: that of the box, or scaled down to the pool's store side; `sha256` the digest of its
 * pixels (RGB, row by row); `offset` where its `3 * width * height` bytes start in `patches.bin`.
 */
export type PatchRow = z.output<typeof patchSchema>;

/** A pool folder, opened for reading. */
export interface Pool {
  folder: PoolFolder;
  summary: PoolSummary;
  /**
   * The patches, in byte order of their source images.
   * @throws DatasetError that names the line and the field, or says that there are no rows
   */
  rows: () => AsyncIterable<PatchRow>;
  /** Opens the patches' pixels. @throws DatasetError where there are none */
  openPixels: () => PatchPixels;
}

/** The pixels of a pool's patches, at random; holds one open file until closed. */
export interface PatchPixels {
  /** The pixels of one patch, as stored. @throws DatasetError where the file ends before them */
  read(patch: Pick<PatchRow, 'id' | 'width' | 'height' | 'offset'>): PatchImage;
  close(): void;
}

/** A patch's pixels: interleaved RGB, 8 bits per sample, row by row: `3 * width * height` bytes. */
export interface PatchImage {
  width: number;
  height: number;
  data: Uint8Array;
}

/**
 * Opens a pool folder: reads its summary. Its patches are not checked.
 * @throws DatasetError where it is not a pool; OutputError where it cannot be read
 */
export async function readPool(folder: PoolFolder): Promise<Pool> {
  return {
    folder,
    summary: await readPoolSummary(folder),
    rows: () => readRows(folder),
    openPixels: () => new PoolReader(folder),
  };
}

/** Reads what `pool.json` says. @throws DatasetError when the folder is not a pool */
export function readPoolSummary(folder: PoolFolder): Promise<PoolSummary> {
  return readSummary(folder, POOL_FILE, poolSchema, 'patchml extract');
}

/**
 * Reads all rows of a pool, in byte order of their source images.
 * @throws DatasetError that names a row's line and field; `pool-damaged` where the rows are not those
 * that `pool.json` gives the digest of
 */
export async function readPatchRows(folder: PoolFolder): Promise<PatchRow[]> {
  const rows: PatchRow[] = [];
  for await (const row of readRows(folder)) rows.push(row);
  const { digest } = await readPoolSummary(folder);
  if (sha256File(rowsFile(folder)) === digest) return rows;
  throw damagedPool('its rows do not match the digest in pool.json', rowsFile(folder));
}

/** Reads the rows of a pool or of a part of one, one after the other. */
export function readRows(folder: string): AsyncGenerator<PatchRow> {
  return readStageRows('pool', rowsFile(folder), patchSchema);
}

/** Reads the objects that a pool or a part of one dropped; not annotations that could not be parsed. */
export async function* readDropRows(folder: string): AsyncGenerator<Drop> {
  for await (const row of readStageRows('pool', join(folder, 'drops.jsonl'), dropRowSchema)) {
    if ('reason' in row) yield row;
  }
}

function rowsFile(folder: PoolFolder): string {
  return join(folder, 'patches.jsonl');
}
