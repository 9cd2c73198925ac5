import { explaining } from '../files/file-errors.js';
import { exists } from '../files/folders.js';
import type { ImagePlace } from '../imagenet/images.js';
import { LOGITS_FILE, openLogitsRows } from '../models/logits-file.js';
import {
  completePredictions,
  factsOf,
  openPrediction,
  type Prediction,
  requireSpaceFor,
  withModel,
  writePredictionSummary,
} from '../models/prediction.js';
import {
  type PredictInput,
  type Predictions,
  type PredictionSummary,
  type PredictOptions,
  readPredictionSummary,
  SUMMARY_FILE,
} from '../models/prediction-folder.js';
import {
  keepPredictions,
  type PredictedBatch,
  type RunInput,
  runModelOnPart,
} from '../models/run-model.js';
import { throwIfAborted } from '../progress.js';
import {
  type Evaluated,
  type EvaluateInput,
  type EvaluateOptions,
  openEvaluation,
  scoreModel,
} from '../score/evaluate.js';
import {
  findParts,
  type FoundPart,
  type ImageRange,
  makePart,
  type Part,
  partsFolder,
  rangeOf,
  removeParts,
  type Shard,
} from './parts.js';

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
 * Makes one part of predictions, unless it is there; see {@link evaluateShard}.
 * @param bring is given the images that are about to be read
 */
export async function makePredictionPart(
  prediction: Prediction,
  shard: Shard,
  options: PredictOptions,
  bring: (images: readonly ImagePlace[]) => Promise<void> = () => Promise.resolve(),
): Promise<Part> {
  const { folder, set } = prediction;
  const complete = (await exists(folder)) ? { folder, images: set.ids.length } : undefined;
  const files = [LOGITS_FILE, SUMMARY_FILE];
  return makePart({ shard, parts: partsFolder(folder), complete, files }, (partial) =>
    withModel(prediction, options, async (model) => {
      const { batch } = model;
      const [from, to] = batchesOf(shard, set.ids.length, batch);
      await requireSpaceFor(partial, to - from);
      const part = partOf(prediction, [from, to]);
      await bring(part.images.places);
      const ran = await runModelOnPart(model, part, partial, options);
      const predicted = { ...ran, ...factsOf(model) };
      await writePredictionSummary(partial, prediction, predicted, to - from);
      return [from, to];
    }),
  );
}

/**
 * The images of a shard. It begins where a batch of the undivided run does: what a model says of an
 * image may depend on the others of its batch, and on how many these are.
 */
function batchesOf(shard: Shard, images: number, batch: number): ImageRange {
  const [from, to] = rangeOf(shard, Math.ceil(images / batch));
  return [Math.min(images, from * batch), Math.min(images, to * batch)];
}

function partOf({ set, images }: Prediction, [from, to]: ImageRange): RunInput {
  return {
    set: { ...set, ids: set.ids.slice(from, to) },
    images: { ...images, places: images.places.slice(from, to) },
  };
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

/** Joins the parts of predictions, unless these are there; see {@link mergeEvaluation}. */
export async function joinPredictions(
  prediction: Prediction,
  options: PredictOptions,
): Promise<Predictions> {
  const { card, set, images, top, origin, folder } = prediction;
  const parts = partsFolder(folder);
  const predictions = await completePredictions(prediction, async (partial) => {
    const found = await findParts(parts, set.ids.length);
    const summaries = await Promise.all(found.map((part) => readPredictionSummary(part.folder)));
    const [{ onCpu, batch, scores }] = summaries as [PredictionSummary];
    const model = { card, session: { scale: scores }, top, origin };
    const problems = new Map(
      summaries.flatMap(({ bad }) => bad.map(({ id, problem }) => [id, problem])),
    );
    const batches = (first: number): AsyncGenerator<PredictedBatch> =>
      batchesIn(found, { ids: set.ids, problems, batch, first }, options);
    const ran = await keepPredictions(model, { set, images }, batches, partial, options);
    return { ...ran, onCpu, batch, scores };
  });
  await removeParts(parts);
  return predictions;
}

/** How the parts of predictions are read. */
interface Reading {
  /** All images of the set. */
  ids: readonly string[];
  /** Of the images that could not be decoded. */
  problems: ReadonlyMap<string, string>;
  /** Images of a batch. */
  batch: number;
  /** The image to begin with, from 0. */
  first: number;
}

/** What the parts hold, in the batches of an undivided run: either may resume what the other began. */
async function* batchesIn(
  parts: readonly FoundPart[],
  { ids: all, problems, batch, first }: Reading,
  { signal }: PredictOptions,
): AsyncGenerator<PredictedBatch> {
  for (const { folder, range } of parts) {
    const [from, to] = range;
    const logits = await openLogitsRows(folder);
    try {
      let row = 0;
      for (let start = from; start < to; start += batch) {
        throwIfAborted(signal, 'predict');
        const images = all.slice(start, Math.min(to, start + batch));
        const ids = images.filter((id) => !problems.has(id));
        const bad = images.flatMap((id) =>
          problems.has(id) ? [{ id, problem: problems.get(id)! }] : [],
        );
        if (start >= first) yield { ids, scores: await logits.read(row, ids.length), bad };
        row += ids.length;
      }
    } finally {
      await logits.close();
    }
  }
}
