import { explaining } from '../files/file-errors.js';
import { openPrediction } from '../models/prediction.js';
import type { PredictInput, Predictions, PredictOptions } from '../models/prediction-folder.js';
import {
  type Evaluated,
  type EvaluateInput,
  type EvaluateOptions,
  openEvaluation,
  scoreModel,
} from '../score/evaluate.js';
import type { Part, Shard } from './parts.js';
import { joinPredictions, makePredictionPart } from './prediction-parts.js';

/** What is evaluated, the i-th part of it. */
export interface EvaluateShardInput extends EvaluateInput {
  shard: Shard;
}

/** How to run a model on a part of a set. */
export interface EvaluateShardOptions extends PredictOptions, Pick<EvaluateOptions, 'overwrite'> {}

/**
 * Runs a model on one part of a set's images, into `<predictions>.shards/<part>-of-<of>` in the work
 * folder, which all machines share. A part that is there, or belongs to predictions that are, is left
 * as it is; an interrupted one is continued.
 * @throws DatasetError `option-out-of-range`; OutputError `output-in-use` where another run is at this
 * part; EvaluationError, OutputError and AbortedError as {@link evaluateModel}
 */
export function evaluateShard(
  { shard, ...input }: EvaluateShardInput,
  options: EvaluateShardOptions = {},
): Promise<Part> {
  return explaining(async () => {
    const { card, set, work } = input;
    const { preprocessing } = await openEvaluation(input, options.overwrite);
    const prediction = await openPrediction({ card, set, preprocessing, work }, options);
    return makePredictionPart(prediction, shard, options);
  });
}

/**
 * Joins the parts that {@link evaluateShard} made into the predictions that an undivided run makes,
 * byte for byte, removes them, and scores the model. Predictions that are there are used.
 * @throws DatasetError `parts-missing`, `part-damaged`; EvaluationError, MetricsError, OutputError and
 * AbortedError as {@link evaluateModel}
 */
export function mergeEvaluation(
  input: EvaluateInput,
  options: EvaluateOptions = {},
): Promise<Evaluated> {
  return scoreModel(mergePredictions, input, options);
}

async function mergePredictions(
  input: PredictInput,
  options: PredictOptions = {},
): Promise<Predictions> {
  return joinPredictions(await openPrediction(input, options), options);
}
