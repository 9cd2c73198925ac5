import { exists } from '../files/folders.js';
import type { ImagePlace } from '../imagenet/images.js';
import { LOGITS_FILE, openLogitsRows } from '../models/logits-file.js';
import {
  completePredictions,
  factsOf,
  type Prediction,
  requireSpaceFor,
  withModel,
  writePredictionSummary,
} from '../models/prediction.js';
import {
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

/**
 * Makes one part of predictions, unless it is there; see `evaluateShard`.
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

/** Joins the parts of predictions, unless these are there; see `mergeEvaluation`. */
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
