import { completePredictions, factsOf, openPrediction, withModel } from './prediction.js';
import type { PredictInput, Predictions, PredictOptions } from './prediction-folder.js';
import { runModel } from './run-model.js';

/**
 * Runs a model on the images of a set: `predictions.parquet` (the best classes and their
 * probabilities) and `logits.npy` (all 1,000, [images x 1,000]). Predictions that an earlier run
 * made with the same model, card, preprocessing and images are used again.
 * @throws EvaluationError where the model does not fit its card or is not the one it was made for, no image can be decoded, or an
 *   option is out of range
 * @throws OutputError where the model cannot be read, or `work` cannot be written
 * @throws AbortedError
 */
export async function predict(
  input: PredictInput,
  options: PredictOptions = {},
): Promise<Predictions> {
  const prediction = await openPrediction(input, options);
  const { set, images, top, origin } = prediction;
  return completePredictions(prediction, (partial) =>
    withModel(prediction, options, async (model) => {
      const ran = await runModel({ ...model, top, origin }, { set, images }, partial, options);
      return { ...ran, ...factsOf(model) };
    }),
  );
}
