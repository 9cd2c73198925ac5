import { copyFile, open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../files/digest.js';
import { toJson } from '../files/folders.js';
import { readJsonLines, writeJsonLines } from '../files/json.js';
import { writeWhole } from '../files/output-file.js';
import type { DropCounts } from '../imagenet/annotation.js';
import type { ExtractedBatch } from './cut-patches.js';
import type { PatchRow } from './pool.js';

/** How far a pool is; written after each batch, so that a killed run goes on from there. */
export interface PoolProgress {
  /** Images done, in the index's order. */
  images: number;
  patches: number;
  /** Length of `patches.bin`. */
  bytes: number;
  /** Lengths of `patches.jsonl` and `drops.jsonl`. */
  rowBytes: number;
  dropBytes: number;
  /** Objects that extraction dropped. */
  drops: DropCounts;
}

/** A pool folder being written. */
export interface PoolOutput {
  readonly progress: PoolProgress;
  /** Adds a batch behind what is there, and notes how far the pool is. */
  append(batch: ExtractedBatch): Promise<PoolProgress>;
  close(): Promise<void>;
}

/** The file in an unfinished pool that says how far it is. */
export function progressFile(partial: string): string {
  return join(partial, 'progress.json');
}

export async function openPoolOutput(partial: string, reached: PoolProgress): Promise<PoolOutput> {
  const pixels = await open(join(partial, 'patches.bin'), 'a');
  const rows = await writeJsonLines(join(partial, 'patches.jsonl'), 'a');
  const drops = await writeJsonLines(join(partial, 'drops.jsonl'), 'a');
  const progress: PoolProgress = { ...reached, drops: { ...reached.drops } };
  return {
    progress,
    async append(batch) {
      await pixels.appendFile(batch.pixels);
      for (const row of batch.rows) {
        const placed: PatchRow = { ...row, offset: progress.bytes };
        progress.bytes += 3 * row.width * row.height;
        progress.rowBytes += await rows.write(placed);
      }
      for (const drop of batch.drops) {
        progress.dropBytes += await drops.write(drop);
        progress.drops[drop.reason] = (progress.drops[drop.reason] ?? 0) + 1;
      }
      progress.images += batch.images;
      progress.patches += batch.rows.length;
      await rows.flush();
      await drops.flush();
      await writeWhole(progressFile(partial), toJson(progress));
      return progress;
    },
    async close() {
      await pixels.close();
      await rows.close();
      await drops.close();
    },
  };
}

/**
 * How far an interrupted pool came: its files are cut back to what was noted last, and every
 * patch's digest is checked. A new or damaged one starts from nothing but the index's drops.
 */
export async function recoverPoolProgress(partial: string, index: string): Promise<PoolProgress> {
  const files = ['patches.bin', 'patches.jsonl', 'drops.jsonl'].map((name) => join(partial, name));
  const progress = await takeUp(partial, files).catch(() => undefined);
  if (progress) return progress;
  await Promise.all([...files, progressFile(partial)].map((file) => rm(file, { force: true })));
  const dropped = join(index, 'drops.jsonl');
  await copyFile(dropped, files[2]!);
  const { size: dropBytes } = await stat(dropped);
  return { images: 0, patches: 0, bytes: 0, rowBytes: 0, dropBytes, drops: {} };
}

/** Cuts the files back to what was noted. @throws where anything is missing or damaged */
async function takeUp(partial: string, files: string[]): Promise<PoolProgress | undefined> {
  const progress = JSON.parse(await readFile(progressFile(partial), 'utf8')) as PoolProgress;
  const lengths = [progress.bytes, progress.rowBytes, progress.dropBytes];
  for (const [index, file] of files.entries()) {
    if ((await stat(file)).size < lengths[index]!) return undefined;
    await truncate(file, lengths[index]);
  }
  return (await isIntact(files[0]!, files[1]!)) ? progress : undefined;
}

async function isIntact(pixelFile: string, rowFile: string): Promise<boolean> {
  const pixels = await open(pixelFile);
  try {
    for await (const row of readJsonLines(rowFile)) {
      const { width, height, offset, sha256: expected } = row as PatchRow;
      const bytes = Buffer.allocUnsafe(3 * width * height);
      await pixels.read(bytes, 0, bytes.length, offset);
      if (sha256(bytes) !== expected) return false;
    }
    return true;
  } finally {
    await pixels.close();
  }
}
