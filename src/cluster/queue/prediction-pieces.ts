import type { Prediction } from '../../models/prediction.js';
import type { PredictOptions } from '../../models/prediction-folder.js';
import { partFolder, partsFolder, type Shard } from '../parts.js';
import { makePredictionPart } from '../prediction-parts.js';
import { type Bench, give, pathOf, take } from './bench.js';

/** In how many pieces a model is run on so many images. */
export function pieceCount(images: number, { piece }: { piece: number }): number {
  return Math.max(1, Math.ceil(images / piece));
}

/**
 * Runs a model on a part of a set, unless an earlier run did.
 * @param prediction whose folder is in the scratch folder
 * @param images where the set's images lie, from the storage's root, of which those that are needed are
 * fetched; undefined where all are there
 */
export async function predictPiece(
  prediction: Prediction,
  images: string | undefined,
  shard: Shard,
  options: Pick<PredictOptions, 'provider' | 'batch'>,
  bench: Bench,
): Promise<void> {
  const { storage, signal } = bench;
  const folder = pathOf(prediction.folder, bench);
  const part = partFolder(partsFolder(folder), shard);
  if ((await storage.exists(folder)) || (await storage.exists(part))) return;
  const threads = { ...options, jobs: 1, signal };
  await makePredictionPart(prediction, shard, threads, async (places) => {
    if (images !== undefined)
      await storage.fetchImages(images, new Set(places.map(({ file }) => file)), signal);
  });
  await give(part, bench);
}

/** Takes predictions, or else the parts of them, into the scratch folder. */
export async function takePredictions(prediction: Prediction, bench: Bench): Promise<void> {
  const folder = pathOf(prediction.folder, bench);
  if (!(await take(folder, bench))) await take(partsFolder(folder), bench);
}

/** Publishes predictions that were joined, and removes the parts of them. */
export async function givePredictions(prediction: Prediction, bench: Bench): Promise<void> {
  const folder = pathOf(prediction.folder, bench);
  await give(folder, bench);
  await bench.storage.remove(partsFolder(folder));
}
