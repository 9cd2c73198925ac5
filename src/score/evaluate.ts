import { join } from 'node:path';
import { AbortedError, EvaluationError, PatchmlError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import {
  choosePreprocessing,
  findModelCard,
  type ModelCard,
  type Preprocessing,
  type PreprocessingChoice,
} from '../models/card.js';
import { type MissingClasses, missingClasses } from '../models/classes.js';
import { LOGITS_FILE } from '../models/logits-file.js';
import { readCardedModel } from '../models/model-file.js';
import { predict } from '../models/predict.js';
import type { Predictions, PredictOptions } from '../models/prediction-folder.js';
import { PREDICTIONS_FILE } from '../models/run-model.js';
import { openPredictions } from '../predictions/open.js';
import { ofStep } from '../progress.js';
import { type EvaluationSet, withoutImages } from '../sets/evaluation-set.js';
import { type ScoreOptions, scorePredictions } from './score-predictions.js';
import { makeScorecard, type NewScorecard } from './scorecard.js';
import { folderName, requireScoresPlace, scoresFolder, writeScores } from './scores-folder.js';

/** What is evaluated, and where the results go. */
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

/** How to run and score a model. */
export interface EvaluateOptions
  extends PredictOptions, Omit<ScoreOptions, 'signal' | 'onProgress'> {
  /** Replace scores of something else: another set, model or preprocessing. Default false. */
  overwrite?: boolean | undefined;
}

/** A scorecard, and the predictions that it is of. */
export interface Evaluated {
  /** The folder of the scorecard. */
  folder: string;
  scorecard: NewScorecard;
  predictions: Predictions;
}

/**
 * Scores a model on an evaluation set: predicts, unless an earlier run did, scores, and writes the
 * scorecard with the best classes of each image (`predictions.parquet`) into a folder.
 *
 * @throws EvaluationError where the model does not fit its card, has none of the set's classes, or no
 *   image can be decoded
 * @throws MetricsError for options out of range
 * @throws OutputError where the model cannot be read, or a folder cannot be written or holds
 *   something else
 * @throws AbortedError
 */
export function evaluateModel(
  input: EvaluateInput,
  options: EvaluateOptions = {},
): Promise<Evaluated> {
  return scoreModel(predict, input, options);
}

/** Checks a model, the set and the place of the scores before any work. */
export async function openEvaluation(
  { card, set, preprocess, out }: Omit<EvaluateInput, 'work'>,
  overwrite: boolean | undefined,
): Promise<{
  preprocessing: Preprocessing;
  model: Pick<NewScorecard['model'], 'name' | 'digest'>;
  missing: MissingClasses;
}> {
  const preprocessing = choosePreprocessing(card, set, preprocess);
  const said = preprocessingFields(preprocessing);
  const { sha256 } = await readCardedModel(card);
  const model = { name: card.name, digest: sha256 };
  const missing = missingClasses(card, set);
  await requireScoresPlace(out, { model, set, preprocessing: said }, overwrite);
  return { preprocessing, model, missing };
}

/** {@link evaluateModel} with predictions that are made by `predictWith`. */
export async function scoreModel(
  predictWith: typeof predict,
  input: EvaluateInput,
  options: EvaluateOptions,
): Promise<Evaluated> {
  try {
    const { card, set, work, out } = input;
    const { preprocessing, model, missing } = await openEvaluation(input, options.overwrite);
    const predictions = await predictWith({ card, set, preprocessing, work }, options);
    const bad = new Set(predictions.summary.bad.map(({ id }) => id));
    const scored = withoutImages(set, bad, 'image-corrupt');
    const logits = await openPredictions(join(predictions.folder, LOGITS_FILE));
    const source = { ...logits, scale: predictions.summary.scores };
    const { body, perImage } = await scorePredictions({ source, set: scored }, options);
    const best = join(predictions.folder, PREDICTIONS_FILE);
    const scorecard = makeScorecard(body, {
      model: {
        ...model,
        provider: predictions.summary.provider,
        ...(missing.classes > 0 ? { missing } : {}),
      },
      predictions: { path: PREDICTIONS_FILE, sha256: sha256File(best) },
      preprocessing: preprocessingFields(preprocessing),
    });
    const { overwrite } = options;
    await writeScores({ out, scorecard, perImage, predictions: best }, { overwrite });
    return { folder: out, scorecard, predictions };
  } catch (error) {
    throw explainError(error);
  }
}

/** What a scorecard says was done to the images. */
function preprocessingFields({ input, resize }: Preprocessing): Record<string, unknown> {
  const { size, layout, channels, scale, mean, std } = input;
  return { size, layout, channels, scale, mean, std, ...resize };
}

/** Which models are evaluated, and where the results go. */
export interface EvaluateModelsInput extends Omit<EvaluateInput, 'card' | 'out'> {
  /** Paths of cards, or of `.onnx` files that have one: see {@link findModelCard}. */
  cards: readonly string[];
  /** Scorecards go to `<out>/<set>/<model>`. */
  out: string;
}

/** How to run and score models. */
export interface EvaluateModelsOptions extends EvaluateOptions {
  /** Called before each model. @param index from 0 */
  onModel?: ((card: string, index: number) => void) | undefined;
}

/** What became of several models. */
export interface EvaluatedModels {
  /** In the order of the cards. */
  evaluated: Evaluated[];
  failures: FailedModel[];
}

/** A model that could not be evaluated. */
export interface FailedModel {
  /** The path that was given. */
  card: string;
  error: PatchmlError;
}

/**
 * Evaluates one model after the other; one that fails does not keep the others from it.
 *
 * @throws EvaluationError `cards-same-name` before any work, where two models have one name
 * @throws AbortedError; the models before it have their scorecards
 */
export async function evaluateModels(
  input: EvaluateModelsInput,
  options: EvaluateModelsOptions = {},
): Promise<EvaluatedModels> {
  const { done: evaluated, failures } = await eachModel(evaluateModel, input, options);
  return { evaluated, failures };
}

/** Does with each model what {@link evaluateModels} does, or a part of it. */
export async function eachModel<T>(
  work: (input: EvaluateInput, options: EvaluateOptions) => Promise<T>,
  { cards, out, ...input }: EvaluateModelsInput,
  { onModel, ...options }: EvaluateModelsOptions,
): Promise<{ done: T[]; failures: FailedModel[] }> {
  await requireDistinctNames(cards);
  const done: T[] = [];
  const failures: FailedModel[] = [];
  for (const [index, path] of cards.entries()) {
    onModel?.(path, index);
    try {
      const card = await findModelCard(path);
      const folder = scoresFolder(out, input.set, card.name);
      const onProgress = ofStep(card.name, options.onProgress);
      done.push(await work({ ...input, card, out: folder }, { ...options, onProgress }));
    } catch (error) {
      if (error instanceof AbortedError || !(error instanceof PatchmlError)) throw error;
      failures.push({ card: path, error });
    }
  }
  return { done, failures };
}

/** Models of one name would write over each other. Cards that are wrong say so in their turn. */
export async function requireDistinctNames(cards: readonly string[]): Promise<void> {
  const taken = new Map<string, string>();
  for (const path of cards) {
    const card = await findModelCard(path).catch(() => undefined);
    if (!card) continue;
    const folder = folderName(card.name);
    const other = taken.get(folder);
    if (other !== undefined) {
      throw new EvaluationError(
        `this model has the same name as ${other}, so their scores would go to one folder`,
        {
          code: 'cards-same-name',
          path,
          fix: 'change "name" in one of the two, or evaluate them with different --out',
        },
      );
    }
    taken.set(folder, path);
  }
}
