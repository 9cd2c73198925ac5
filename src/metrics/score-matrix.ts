import { invalid, requireInteger } from './metrics-error.js';

/** Logits or probabilities, [images x classCount], row major, all finite. */
export interface ScoreMatrix {
  readonly values: Float32Array | Float64Array;
  readonly images: number;
  readonly classCount: number;
}

/**
 * Checks scores once, so that nothing later has to. Shares memory with `values`.
 *
 * @param values [N x classCount], row major
 * @param classCount 1 to 65,536
 * @throws MetricsError `metrics-score-count` (not a whole number of rows) or
 *   `metrics-score-not-finite` (NaN or infinite, with its row and class)
 */
export function scoreMatrix(values: Float32Array | Float64Array, classCount: number): ScoreMatrix {
  requireInteger('classCount', classCount, 1, 65_536);
  const images = values.length / classCount;
  if (!Number.isInteger(images)) {
    throw invalid(
      'metrics-score-count',
      'the number of scores',
      `a multiple of the ${classCount} classes`,
      values.length,
    );
  }
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at]!;
    if (value - value !== 0) {
      const place = `row ${Math.floor(at / classCount)}, class ${at % classCount} (from 0)`;
      throw invalid('metrics-score-not-finite', place, 'a finite score', value);
    }
  }
  return { values, images, classCount };
}
