import { join } from 'node:path';
import { EvaluationError } from '../errors.js';
import { MemoryBudget } from '../image/memory-budget.js';
import { scoreMatrix, type TopClasses, topClasses } from '../metrics/index.js';
import { softmaxTerms } from '../metrics/ranking.js';
import { ExitGate } from '../parallel/exit-gate.js';
import { mapInWorkers } from '../parallel/workers.js';
import { openPredictionWriter } from '../predictions/writer.js';
import type { ScoreScale } from '../predictions/source.js';
import type { StageOptions } from '../progress.js';
import type { EvaluationImages, EvaluationSet } from '../sets/evaluation-set.js';
import type { ModelCard, Preprocessing } from './card.js';
import { CLASS_COUNT, classMapping, mapClasses } from './classes.js';
import type { PredictSettings, RawBatch, WorkedBatch } from './predict-worker.js';
import type { InputValues } from './preprocess.js';
import { type BadImage, type LogitsFile, openLogitsFile } from './logits-file.js';
import { type ModelSession, runBatch } from './session.js';

export const PREDICTIONS_FILE = 'predictions.parquet';

/** What a model is run on. */
export interface RunInput {
  set: EvaluationSet;
  images: EvaluationImages;
}

/** What the Parquet file says of itself, beside the rows. */
export interface PredictionOrigin {
  /** SHA-256 of the model's file. */
  model_digest: string;
  /** Of the images: a PatchML dataset's own digest. */
  set_digest: string;
}

/** What a model says of a set, from its image `first` on, in batches. */
type Batches = (first: number) => AsyncIterable<PredictedBatch>;

/** A model whose predictions are kept. */
export interface RankedModel {
  card: ModelCard;
  session: Pick<ModelSession, 'scale'>;
  /** Classes kept of each image. */
  top: number;
  origin: PredictionOrigin;
}

/**
 * Runs a model over a set and writes what it says into a folder: `logits.npy`, [images x 1,000], and
 * `predictions.parquet`, the best classes of each image with their probabilities. A run that was
 * stopped is resumed, in the same batches.
 * @throws EvaluationError when no image can be decoded, or the model gives NaN or infinite values
 */
export function runModel(
  model: ReadyModel & RankedModel,
  input: RunInput,
  folder: string,
  options: StageOptions,
): Promise<Ran> {
  const batches: Batches = (first) => predictBatches(model, input, first, options);
  return keepPredictions(model, input, batches, folder, options);
}

/** What became of the images of a set. */
export interface Ran {
  /** Images that have predictions. */
  predicted: number;
  bad: BadImage[];
}

/**
 * Writes what {@link runModel} writes, of batches that were predicted by it or before.
 * @throws EvaluationError, as it does
 */
export async function keepPredictions(
  model: RankedModel,
  input: RunInput,
  batches: Batches,
  folder: string,
  options: StageOptions,
): Promise<Ran> {
  const ranking = await openRanking(model, folder);
  try {
    const bad = await keepScores(model.card, input, { batches, ranking }, folder, options);
    const predicted = input.set.ids.length - bad.length;
    if (predicted === 0) throw allBad(input.images, bad[0]!);
    await ranking.close();
    return { predicted, bad };
  } catch (error) {
    await ranking.discard();
    throw error;
  }
}

/**
 * Runs a model over a part of a set: writes `logits.npy` only, [images x 1,000]. A run that was stopped
 * is resumed, in the same batches.
 * @param input the images of the part alone; none of them may be decodable
 * @throws EvaluationError where the model gives NaN or infinite values
 */
export async function runModelOnPart(
  model: ReadyModel,
  input: RunInput,
  folder: string,
  options: StageOptions,
): Promise<Ran> {
  const batches: Batches = (first) => predictBatches(model, input, first, options);
  const bad = await keepScores(model.card, input, { batches }, folder, options);
  return { predicted: input.set.ids.length - bad.length, bad };
}

async function keepScores(
  card: ModelCard,
  input: RunInput,
  { batches, ranking }: { batches: Batches; ranking?: Ranking },
  folder: string,
  { onProgress }: StageOptions,
): Promise<BadImage[]> {
  const file = await openLogitsFile(folder);
  const { progress } = file;
  try {
    if (ranking) await rankEarlier(file, input, ranking);
    for await (const { ids, scores, bad } of batches(progress.done)) {
      requireRankable(scores, card);
      await file.add(scores, bad);
      await ranking?.add(ids, scores);
      const total = input.set.ids.length;
      onProgress?.({ stage: 'predict', done: progress.done, total, unit: 'images' });
    }
  } catch (error) {
    await file.stop().catch(() => undefined); // a full disk, say: the first error tells
    throw error;
  }
  await file.finish();
  return progress.bad;
}

/** Ranks what an earlier run, which was stopped, has scored. */
async function rankEarlier(
  { progress, rows }: LogitsFile,
  { set }: RunInput,
  ranking: Ranking,
): Promise<void> {
  const isBad = new Set(progress.bad.map(({ id }) => id));
  const ids = set.ids.slice(0, progress.done).filter((id) => !isBad.has(id));
  let done = 0;
  for await (const scores of rows()) {
    const images = scores.length / CLASS_COUNT;
    await ranking.add(ids.slice(done, done + images), scores);
    done += images;
  }
}

/** @throws EvaluationError for NaN and infinite values */
function requireRankable(scores: Float32Array, { model }: ModelCard): void {
  try {
    scoreMatrix(scores, CLASS_COUNT);
  } catch (cause) {
    throw new EvaluationError(`its outputs cannot be ranked: ${(cause as Error).message}`, {
      code: 'model-output-not-finite',
      path: model,
      fix: 'check the preprocessing in its card, and the export of the model',
      cause,
    });
  }
}

/** The best classes of each image, being written while the model runs. */
interface Ranking {
  /** @param scores [ids x 1,000] */
  add: (ids: readonly string[], scores: Float32Array) => Promise<void>;
  close: () => Promise<void>;
  discard: () => Promise<void>;
}

async function openRanking(
  { card, session, top, origin }: RankedModel,
  folder: string,
): Promise<Ranking> {
  const known = classMapping(card).classes.filter((label) => label >= 0).length;
  const n = Math.min(top, known);
  const metadata = { ...origin };
  const writer = await openPredictionWriter(join(folder, PREDICTIONS_FILE), { n, metadata });
  return {
    async add(ids, scores) {
      const matrix = { values: scores, images: ids.length, classCount: CLASS_COUNT };
      const best = topClasses(matrix, n);
      await writer.write(ids, best.classes, probabilitiesOf(best, scores, session.scale));
    },
    close: () => writer.close(),
    discard: () => writer.discard(),
  };
}

/** The probabilities of ranked classes, [images x n]; NaN where they are not known. */
function probabilitiesOf(
  { classes, n }: TopClasses,
  scores: Float32Array,
  scale: ScoreScale,
): Float32Array {
  const found = new Float32Array(classes.length).fill(NaN);
  if (scale === 'quantised') return found;
  const matrix = { values: scores, images: classes.length / n, classCount: CLASS_COUNT };
  for (let image = 0; image < matrix.images; image += 1) {
    // Of the ranked classes alone: probabilities of all would be a megabyte of garbage every 128 images.
    const terms = scale === 'logits' ? softmaxTerms(matrix, image) : undefined;
    for (let at = image * n; at < (image + 1) * n; at += 1) {
      const score = scores[image * CLASS_COUNT + classes[at]!]!;
      found[at] = terms ? Math.exp(score - terms.highest) / terms.sum : score;
    }
  }
  return found;
}

function allBad({ path }: EvaluationImages, { id, problem }: BadImage): EvaluationError {
  return new EvaluationError(`no image can be decoded; the first: ${problem}`, {
    code: 'images-all-bad',
    path,
    place: id,
    fix: 'check --images',
  });
}

/** A model that is ready to run. */
export interface ReadyModel {
  card: ModelCard;
  session: ModelSession;
  preprocessing: Preprocessing;
  /** Whether each worker runs the model in a session of its own; then `session` is not run. */
  inWorkers: boolean;
  /** Images of one run. */
  batch: number;
}

/** What a model says of some images. */
export interface PredictedBatch {
  ids: readonly string[];
  /** [ids x 1,000], logits or probabilities as the card says. */
  scores: Float32Array;
  /** Images that are not among the ids. */
  bad: readonly BadImage[];
}

/** Below every score: for the classes that a model does not have. */
const ABSENT: Record<ScoreScale, number> = {
  logits: -3.4028234663852886e38,
  probabilities: -1,
  quantised: -3.4028234663852886e38,
};

/**
 * Runs a model over a set, in the set's order, from image `first` on. Worker threads prepare the
 * images, and run the model where `inWorkers` says so; two batches per thread are under way at most.
 */
async function* predictBatches(
  { card, session, inWorkers, preprocessing, batch }: ReadyModel,
  { set, images }: RunInput,
  first: number,
  { jobs, signal }: Pick<StageOptions, 'jobs' | 'signal'>,
): AsyncGenerator<PredictedBatch> {
  const mapping = classMapping(card);
  const gate = new ExitGate();
  const spares: InputValues[] = [];
  const raw = inBatches(images.places.slice(first), batch, spares);
  const workerData: PredictSettings = {
    preprocessing,
    type: session.inputType,
    path: images.path,
    memory: new MemoryBudget().shared,
    own: inWorkers ? card : undefined,
    gate: gate.shared,
  };
  const worked = mapInWorkers<RawBatch, WorkedBatch>(raw, {
    worker: new URL('./predict-worker.js', import.meta.url),
    workerData,
    moved: ({ spare }) => (spare ? [spare.buffer as ArrayBuffer] : []),
    stage: 'predict',
    jobs,
    signal,
  });
  const release = gate.hold();
  try {
    let start = first;
    for await (const one of worked) {
      const ids = set.ids.slice(start, start + batch);
      start += ids.length;
      const { bad, values } = one;
      const outputs = values ? await runBatch(session, values, ids.length) : one.outputs;
      if (values) spares.push(values);
      const scores = mapClasses(outputs, mapping, ABSENT[session.scale]);
      const isBad = new Set(bad.map(({ position }) => position));
      yield {
        ids: ids.filter((_, position) => !isBad.has(position)),
        scores: withoutRows(scores, isBad),
        bad: bad.map(({ position, problem }) => ({ id: ids[position]!, problem })),
      };
    }
  } finally {
    release();
  }
}

function* inBatches(
  places: EvaluationImages['places'],
  size: number,
  spares: InputValues[],
): Generator<RawBatch> {
  for (let start = 0; start < places.length; start += size) {
    yield { places: places.slice(start, start + size), spare: spares.pop() };
  }
}

function withoutRows(scores: Float32Array, left: ReadonlySet<number>): Float32Array {
  if (left.size === 0) return scores;
  const rows = scores.length / CLASS_COUNT;
  const kept = new Float32Array((rows - left.size) * CLASS_COUNT);
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    if (left.has(row)) continue;
    kept.set(scores.subarray(row * CLASS_COUNT, (row + 1) * CLASS_COUNT), at);
    at += CLASS_COUNT;
  }
  return kept;
}
