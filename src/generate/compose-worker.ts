import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { sha256 } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { encode } from '../image/encode.js';
import { newPnmImage } from '../image/pixels.js';
import { serve } from '../parallel/serve.js';
import { canvasSize } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import { type ComposeTask, openComposer } from './compose-image.js';
import { PoolReader } from './pool-reader.js';

/** What a worker is told once. */
export interface ComposeSettings {
  recipe: Recipe;
  pool: string;
}

/** Images that a worker composes. */
export interface ComposeBatch {
  /** The folder that they are written into. */
  folder: string;
  images: ComposeFileTask[];
}

/** An image to compose, and its file in the folder. */
export interface ComposeFileTask extends ComposeTask {
  file: string;
}

/** Digests of one composed image. */
export interface ComposedImage {
  /** SHA-256 of the file. */
  sha256: string;
  /** SHA-256 of the pixels before encoding: RGB, row by row. */
  pixels_sha256: string;
}

const { recipe, pool } = workerData as ComposeSettings;
const compose = openComposer(recipe, new PoolReader(pool));
const canvas = newPnmImage(...canvasSize(recipe)); // one for all: a new one each time costs more
const { format, quality } = recipe.encode;

export default serve(async ({ folder, images }: ComposeBatch): Promise<ComposedImage[]> => {
  const composed: ComposedImage[] = [];
  for (const task of images) {
    const image = compose(task, canvas);
    const bytes = await encode(image, format, quality);
    writeImage(join(folder, task.file), bytes);
    composed.push({ sha256: sha256(bytes), pixels_sha256: sha256(image.data) });
  }
  return composed;
});

function writeImage(path: string, bytes: Buffer): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw explainError(error, path); // a full disk names no path itself
  }
}
