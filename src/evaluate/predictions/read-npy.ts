import { stat } from 'node:fs/promises';
import type { PredictionSource } from '../prediction-source.js';
import { fileBytes } from './byte-store.js';
import { npyPredictions } from './npy-predictions.js';
import type { PredictionOptions } from './prediction-options.js';

/** Opens what numpy.save wrote. */
export async function readNpy(
  path: string,
  { kind }: PredictionOptions,
): Promise<PredictionSource> {
  const { size } = await stat(path);
  return npyPredictions(fileBytes(path, 0, size), path, kind);
}
