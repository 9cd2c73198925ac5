import { copyFile, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../files/digest.js';
import { readJsonLines, writeJsonLines } from '../files/json.js';
import { noteProgress, takeUpProgress } from '../files/resume.js';
import type { ExtractedBatch } from './cut-patches.js';
import { type PatchRow, type PoolProgress, poolProgressSchema } from './pool.js';

const PIXEL_FILE = 'patches.bin';
const ROW_FILE = 'patches.jsonl';
const DROP_FILE = 'drops.jsonl';

/** A pool folder being written. */
export interface PoolOutput {
  readonly progress: PoolProgress;
  /** Adds a batch behind what is there, and notes how far the pool is. */
  append(batch: ExtractedBatch): Promise<PoolProgress>;
  close(): Promise<void>;
}

export async function openPoolOutput(partial: string, reached: PoolProgress): Promise<PoolOutput> {
  const pixels = await open(join(partial, PIXEL_FILE), 'a');
  const rows = await writeJsonLines(join(partial, ROW_FILE), 'a');
  const drops = await writeJsonLines(join(partial, DROP_FILE), 'a');
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
      await noteProgress(partial, progress);
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
 * @param index nothing for a part of a pool, which has none of these drops
 */
export async function recoverPoolProgress(
  partial: string,
  index: string | undefined,
): Promise<PoolProgress> {
  const [pixels, rows, drops] = [PIXEL_FILE, ROW_FILE, DROP_FILE].map((name) =>
    join(partial, name),
  );
  const progress = await takeUpProgress(partial, {
    schema: poolProgressSchema,
    lengths: ({ bytes, rowBytes, dropBytes }) => ({
      [PIXEL_FILE]: bytes,
      [ROW_FILE]: rowBytes,
      [DROP_FILE]: dropBytes,
    }),
    isIntact: () => isIntact(pixels!, rows!),
  });
  if (progress) return progress;
  for (const file of [pixels!, rows!, drops!]) await rm(file, { force: true });
  const nothing = { images: 0, patches: 0, bytes: 0, rowBytes: 0, dropBytes: 0, drops: {} };
  if (index === undefined) return nothing;
  const dropped = join(index, DROP_FILE);
  await copyFile(dropped, drops!);
  return { ...nothing, dropBytes: (await stat(dropped)).size };
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
