import { join } from 'node:path';
import { sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import {
  choosePreprocessing,
  type ModelCard,
  type Preprocessing,
  type PreprocessingChoice,
} from '../models/card.js';
import { predict, type Predictions, type PredictOptions } from '../models/predict.js';
import { PREDICTIONS_FILE } from '../models/run-model.js';
import { LOGITS_FILE } from '../models/score-file.js';
import { alignPredictions, openPredictions } from '../predictions/open.js';
import { type EvaluationSet, withoutImages } from '../sets/evaluation-set.js';
import { type ScoreOptions, scorePredictions } from './score-predictions.js';
import { makeScorecard, type NewScorecard } from './scorecard.js';
import { requireScoresPlace, writeScores } from './scores-folder.js';

export interface EvaluateInput {
  card: ModelCard;
  set: EvaluationSet;
  /** Default: `whole` for PatchML images, else `card`. */
  preprocess?: PreprocessingChoice | undefined;
  /** Where predictions are kept, for this and later runs. */
  work: string;
  /** The folder of the scorecard. */
  out: string;
}

export interface EvaluateOptions
  extends PredictOptions, Omit<ScoreOptions, 'signal' | 'onProgress'> {
  /** Replace scores on another set or under another preprocessing. Default false. */
  overwrite?: boolean | undefined;
}

/** A scorecard, and the predictions that it is of. */
export interface Evaluated {
  scorecard: NewScorecard;
  predictions: Predictions;
}

/**
 * Scores a model on an evaluation set: predicts, unless an earlier run did, scores, and writes the
 * scorecard with the best classes of each image (`predictions.parquet`) into a folder.
 * @throws PatchmlError
 */
export async function evaluateModel(
  { card, set, preprocess, work, out }: EvaluateInput,
  options: EvaluateOptions = {},
): Promise<Evaluated> {
  try {
    const preprocessing = choosePreprocessing(card, set, preprocess);
    const described = describe(preprocessing);
    await requireScoresPlace(out, { set, preprocessing: described }, options.overwrite);
    const predictions = await predict({ card, set, preprocessing, work }, options);
    const bad = new Set(predictions.summary.bad.map(({ id }) => id));
    const scored = withoutImages(set, bad, 'image-corrupt');
    const source = await openPredictions(join(predictions.folder, LOGITS_FILE));
    const positions = alignPredictions(source, scored);
    const { body, perImage } = await scorePredictions(source, positions, scored, options);
    const best = join(predictions.folder, PREDICTIONS_FILE);
    const { sha256 } = predictions.summary.model;
    const scorecard = makeScorecard(body, {
      model: { name: card.name, digest: sha256, provider: predictions.summary.provider },
      predictions: { path: PREDICTIONS_FILE, sha256: sha256File(best) },
      preprocessing: described,
    });
    const { overwrite } = options;
    await writeScores(out, scorecard, perImage, { overwrite, predictions: best });
    return { scorecard, predictions };
  } catch (error) {
    throw explainError(error);
  }
}

/** What a scorecard says was done to the images. */
function describe({ input, resize }: Preprocessing): Record<string, unknown> {
  const { size, layout, channels, scale, mean, std } = input;
  return { size, layout, channels, scale, mean, std, ...resize };
}
