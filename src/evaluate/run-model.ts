import { join } from 'node:path';
import { EvaluationError } from '../errors.js';
import { scoreMatrix, type TopClasses, topClasses } from '../metrics/index.js';
import type { StageOptions } from '../progress.js';
import { CLASS_COUNT, classMapping } from './class-mapping.js';
import type { EvaluationImages, EvaluationSet } from './evaluation-set.js';
import type { ModelCard } from './model-card.js';
import { type BadImage, predictBatches, type ReadyModel } from './predict-batches.js';
import { openNpyWriter } from './predictions/npy-writer.js';
import { openPredictionWriter } from './predictions/prediction-writer.js';
import { softmax } from './softmax.js';

export const PREDICTIONS_FILE = 'predictions.parquet';
export const LOGITS_FILE = 'logits.npy';

/**
 * Runs a model over a set and writes what it says into a folder: `predictions.parquet`, the best
 * classes of each image with their probabilities, and `logits.npy`, [images x 1,000].
 * @param top classes kept of each image
 * @throws EvaluationError when no image can be decoded, or the model gives NaN or infinite values
 */
export async function runModel(
  model: ReadyModel & { top: number },
  { set, images }: { set: EvaluationSet; images: EvaluationImages },
  folder: string,
  { onProgress, ...options }: StageOptions,
): Promise<{ predicted: number; bad: BadImage[] }> {
  const { card } = model;
  const known = classMapping(card).classes.filter((label) => label >= 0).length;
  const n = Math.min(model.top, known);
  const metadata = { model: card.name, set: set.name, set_digest: set.digest };
  const predictions = await openPredictionWriter(join(folder, PREDICTIONS_FILE), { n, metadata });
  const logits = await openNpyWriter(join(folder, LOGITS_FILE), { width: CLASS_COUNT });
  const bad: BadImage[] = [];
  let predicted = 0;
  try {
    for await (const batch of predictBatches(model, { set, images }, options)) {
      bad.push(...batch.bad);
      predicted += batch.ids.length;
      const best = rank(batch.scores, n, card);
      await predictions.write(
        [...batch.ids],
        best.classes,
        probabilitiesOf(best, batch.scores, card),
      );
      await logits.write(batch.scores);
      const done = predicted + bad.length;
      onProgress?.({ stage: 'predict', done, total: set.ids.length, unit: 'images' });
    }
    if (predicted === 0) throw allBad(images, bad[0]!);
    await predictions.close();
    await logits.close();
  } catch (error) {
    await predictions.discard();
    await logits.discard();
    throw error;
  }
  return { predicted, bad };
}

function rank(scores: Float32Array, n: number, { model }: ModelCard): TopClasses {
  try {
    return topClasses(scoreMatrix(scores, CLASS_COUNT), n);
  } catch (cause) {
    throw new EvaluationError(`its outputs cannot be ranked: ${(cause as Error).message}`, {
      code: 'model-output-not-finite',
      path: model,
      fix: 'check the preprocessing in its card, and the export of the model',
      cause,
    });
  }
}

/** The probabilities of ranked classes, [images x n]. */
function probabilitiesOf(
  { classes, n }: TopClasses,
  scores: Float32Array,
  { output }: ModelCard,
): Float32Array {
  const all = output.kind === 'logits' ? softmax(scores, CLASS_COUNT) : scores;
  return Float32Array.from(classes, (label, at) => all[Math.floor(at / n) * CLASS_COUNT + label]!);
}

function allBad({ path }: EvaluationImages, { id, problem }: BadImage): EvaluationError {
  return new EvaluationError(`no image can be decoded; the first: ${problem}`, {
    code: 'images-all-bad',
    path,
    place: id,
    fix: 'check --images',
  });
}
