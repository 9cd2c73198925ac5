import type { PredictionSource } from '../prediction-source.js';

/** How to read predictions. */
export interface PredictionOptions {
  kind?: PredictionSource['kind'] | undefined;
  idColumn?: string | undefined;
  ids?: string | undefined;
  key?: string | undefined;
}

/** Not written yet. */
export function openPredictions(
  path: string,
  options: PredictionOptions = {},
): Promise<PredictionSource> {
  throw new Error(`openPredictions is not written yet: ${JSON.stringify({ path, options })}`);
}
