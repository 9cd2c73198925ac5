import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { sha256 } from '../files/digest.js';
import { encode } from '../image/encode.js';
import { serve } from '../parallel/serve.js';
import { PoolReader } from '../pool/pool-reader.js';
import type { PatchRow } from '../pool/patch-row.js';
import type { Recipe } from '../recipe/schema.js';
import type { PlanRow } from '../sampling/make-plan.js';
import { openComposer } from './compose-image.js';

/** What a worker is told once. */
export interface ComposeSettings {
  recipe: Recipe;
  pool: string;
  /** The folder that images are written into. */
  folder: string;
}

/** A plan row, the pool rows of its patches in the same order, and its file in the folder. */
export interface ComposeTask {
  row: PlanRow;
  patches: PatchRow[];
  file: string;
}

/** Digests of one composed image. */
export interface ComposedImage {
  /** SHA-256 of the file. */
  sha256: string;
  /** SHA-256 of the pixels before encoding: RGB, row by row. */
  pixels_sha256: string;
}

const { recipe, pool, folder } = workerData as ComposeSettings;
const compose = openComposer(recipe, new PoolReader(pool));

export default serve(async (tasks: ComposeTask[]): Promise<ComposedImage[]> => {
  const composed: ComposedImage[] = [];
  for (const { row, patches, file } of tasks) {
    const image = await compose(row, patches);
    const bytes = await encode(image, recipe.encode.format, recipe.encode.quality);
    await writeFile(join(folder, file), bytes);
    composed.push({ sha256: sha256(bytes), pixels_sha256: sha256(image.data) });
  }
  return composed;
});
