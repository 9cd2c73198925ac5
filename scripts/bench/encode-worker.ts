import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { openComposer } from '../../src/compose/compose-images.js';
import { encode } from '../../src/image/encode.js';
import type { RgbImage } from '../../src/image/rgb-image.js';
import { PoolReader, readPatchRows } from '../../src/pool/pool-reader.js';
import { parseRecipe } from '../../src/recipe/load-recipe.js';
import type { RecipeInput } from '../../src/recipe/schema.js';
import { readPlanRows } from '../../src/sampling/make-plan.js';

export interface EncodeSettings {
  recipe: RecipeInput;
  pool: string;
  plan: string;
  /** `patchml`: the encoder that compose uses; `sharp`: sharp's PNG encoder at level 6. */
  encoder: 'patchml' | 'sharp';
  /** Images that each thread encodes. */
  images: number;
}

// Composes a few images, says so, and at the word encodes them over and over.

const DIFFERENT = 64;
const { recipe: input, pool, plan, encoder, images } = workerData as EncodeSettings;
const recipe = parseRecipe(input);
const { format, quality } = recipe.encode;
const composed = await compose();
parentPort!.once('message', () => void run());
parentPort!.postMessage('ready');

async function run(): Promise<void> {
  for (let i = 0; i < images; i += 1) {
    const image = composed[i % composed.length]!;
    await (encoder === 'patchml' ? encode(image, format, quality) : encodeWithSharp(image));
  }
  parentPort!.postMessage('done');
}

async function compose(): Promise<RgbImage[]> {
  const rowOf = new Map((await readPatchRows(pool)).map((row) => [row.id, row]));
  const tasks = [];
  for await (const row of readPlanRows(plan)) {
    if (tasks.length < DIFFERENT) {
      tasks.push({ row, patches: row.objects.map(({ patch }) => rowOf.get(patch)!) });
    }
  }
  return openComposer(recipe, new PoolReader(pool))(tasks);
}

function encodeWithSharp({ width, height, data }: RgbImage): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
