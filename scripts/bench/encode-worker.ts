import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { openComposer } from '../../src/generate/compose-image.js';
import { readPlan } from '../../src/generate/make-plan.js';
import { PoolReader } from '../../src/generate/pool-reader.js';
import { readPatchRows } from '../../src/generate/pool.js';
import { encode } from '../../src/image/encode.js';
import type { RgbImage } from '../../src/image/pixels.js';
import { parseRecipe } from '../../src/recipe/load.js';
import type { RecipeInput } from '../../src/recipe/schema.js';

export interface EncodeSettings {
  recipe: RecipeInput;
  pool: string;
  plan: string;
  /** `patchml`: the encoder that compose uses; `sharp`: sharp's PNG encoder as it comes, level 6. */
  encoder: 'patchml' | 'sharp';
  /** Images that each thread encodes. */
  images: number;
}

// Composes a few images, encodes them once to warm up, says so, and at the word encodes them over
// and over.

const DIFFERENT = 64;
const { recipe: input, pool, plan, encoder, images } = workerData as EncodeSettings;
const recipe = parseRecipe(input);
const { format, quality } = recipe.encode;
sharp.concurrency(1);
const composed = await compose();
await encodeAll(composed.length);
parentPort!.once('message', () => void run());
parentPort!.postMessage('ready');

async function run(): Promise<void> {
  await encodeAll(images);
  parentPort!.postMessage('done');
}

async function encodeAll(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const image = composed[i % composed.length]!;
    await (encoder === 'patchml' ? encode(image, format, quality) : encodeWithSharp(image));
  }
}

async function compose(): Promise<RgbImage[]> {
  const rowOf = new Map((await readPatchRows(pool)).map((row) => [row.id, row]));
  const tasks = [];
  for await (const row of (await readPlan(plan)).rows()) {
    tasks.push({ row, patches: row.objects.map(({ patch }) => rowOf.get(patch)!) });
    if (tasks.length === DIFFERENT) break;
  }
  const composeOne = openComposer(recipe, new PoolReader(pool));
  return tasks.map((task) => composeOne(task));
}

function encodeWithSharp({ width, height, data }: RgbImage): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
