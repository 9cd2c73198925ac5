import { parse, resolve } from 'node:path';
import { sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { PREDICTIONS_FILE } from '../models/run-model.js';
import { openPredictions } from '../predictions/open.js';
import type { PredictionOptions } from '../predictions/source.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import type { PerImageScores } from './images-csv.js';
import { type ScoreOptions, scorePredictions } from './score-predictions.js';
import { makeScorecard, type NewScorecard } from './scorecard.js';
import { requireScoresPlace, writeScores } from './scores-folder.js';

/** A file of predictions, and what it is scored against. */
export interface ScoreFileInput {
  /** `.npy`, `.npz`, `.csv` or `.parquet`: scores of 1,000 classes, or ranked classes. */
  predictions: string;
  set: EvaluationSet;
  /** What the scorecard calls the file. Default: its path, as it was given. */
  shown?: string | undefined;
  /** The model's name in the scorecard. Default: the file's name. */
  model?: string | undefined;
  /** The folder of the scorecard; without it nothing is written. */
  out?: string | undefined;
}

/** How to read and score a file of predictions. */
export interface ScoreFileOptions extends ScoreOptions, PredictionOptions {
  /** Replace scores of another set, of other predictions or of another model. Default false. */
  overwrite?: boolean | undefined;
}

/** A scorecard, and the scores of each image. */
export interface ScoredFile {
  scorecard: NewScorecard;
  perImage: PerImageScores;
}

/**
 * Scores a file of predictions that were made elsewhere, and writes the scorecard if a folder is
 * given.
 *
 * @throws EvaluationError `predictions-...` where the file cannot be read or does not fit the set
 * @throws MetricsError for options out of range
 * @throws OutputError where the file cannot be read, or the folder cannot be written or holds
 *   something else
 * @throws AbortedError
 */
export async function scoreFile(
  { predictions, shown = predictions, set, model = parse(predictions).name, out }: ScoreFileInput,
  options: ScoreFileOptions = {},
): Promise<ScoredFile> {
  const { overwrite, kind, scale, idColumn, ids, key } = options;
  try {
    const origin = {
      model: { name: model },
      predictions: { path: shown, sha256: sha256File(predictions) },
    };
    if (out !== undefined) await requireScoresPlace(out, { ...origin, set }, overwrite);
    const source = await openPredictions(predictions, { kind, scale, idColumn, ids, key });
    const { body, perImage } = await scorePredictions({ source, set }, options);
    const scorecard = makeScorecard(body, origin);
    if (out !== undefined) {
      // What `evaluateModel` left there is not lost by scoring it again.
      const isThere = resolve(predictions) === resolve(out, PREDICTIONS_FILE);
      const kept = isThere ? predictions : undefined;
      await writeScores({ out, scorecard, perImage, predictions: kept }, { overwrite });
    }
    return { scorecard, perImage };
  } catch (error) {
    throw explainError(error, predictions);
  }
}
