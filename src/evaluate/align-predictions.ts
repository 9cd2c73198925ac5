import type { EvaluationSet } from './evaluation-set.js';
import type { PredictionSource } from './prediction-source.js';

/** Not written yet. */
export function alignPredictions(source: PredictionSource, set: EvaluationSet): Uint32Array {
  throw new Error(`alignPredictions is not written yet: ${source.path} and ${set.name}`);
}
