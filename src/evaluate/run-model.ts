import { join } from 'node:path';
import { EvaluationError } from '../errors.js';
import type { ImagePlace } from '../imagenet/image-source.js';
import { scoreMatrix, type TopClasses, topClasses } from '../metrics/index.js';
import { mapInWorkers } from '../parallel/map-in-workers.js';
import type { StageOptions } from '../progress.js';
import { CLASS_COUNT, classMapping, mapClasses } from './class-mapping.js';
import type { EvaluationImages, EvaluationSet } from './evaluation-set.js';
import type { ModelCard, Preprocessing } from './model-card.js';
import type { ModelSession } from './model-session.js';
import { openNpyWriter } from './predictions/npy-writer.js';
import { openPredictionWriter } from './predictions/prediction-writer.js';
import { type InputValues, newValues, valuesPerImage } from './preprocess.js';
import type { PreprocessedBatch, PreprocessSettings } from './preprocess-worker.js';
import { softmax } from './softmax.js';

export const PREDICTIONS_FILE = 'predictions.parquet';
export const LOGITS_FILE = 'logits.npy';

/** A model that is ready to run. */
export interface ReadyModel {
  card: ModelCard;
  session: ModelSession;
  preprocessing: Preprocessing;
  /** Images of one run. */
  batch: number;
  /** Classes kept of each image. */
  top: number;
}

/** An image that could not be decoded. */
export interface BadImage {
  id: string;
  problem: string;
}

/** Below every score: for the classes that a model does not have. */
const ABSENT = { logits: -3.4028234663852886e38, probabilities: 0 };

/**
 * Runs a model over a set and writes what it says into a folder: `predictions.parquet`, the best
 * classes of each image with their probabilities, and `logits.npy`, [images x 1,000]. Images are
 * prepared in worker threads while the model runs; two batches a thread are under way at most.
 * @throws EvaluationError when no image can be decoded, or the model gives NaN or infinite values
 */
export async function runModel(
  { card, session, preprocessing, batch, top }: ReadyModel,
  { set, images }: { set: EvaluationSet; images: EvaluationImages },
  folder: string,
  { jobs, signal, onProgress }: StageOptions,
): Promise<{ predicted: number; bad: BadImage[] }> {
  const mapping = classMapping(card);
  const isLogits = card.output.kind === 'logits';
  const n = Math.min(top, mapping.classes.filter((label) => label >= 0).length);
  const metadata = { model: card.name, set: set.name, set_digest: set.digest };
  const predictions = await openPredictionWriter(join(folder, PREDICTIONS_FILE), { n, metadata });
  const logits = await openNpyWriter(join(folder, LOGITS_FILE), { width: CLASS_COUNT });
  const settings = { preprocessing, type: session.inputType, path: images.path };
  const bad: BadImage[] = [];
  let done = 0;
  for await (const prepared of prepare(images.places, batch, settings, { jobs, signal })) {
    const ids = set.ids.slice(done, done + batch);
    for (const { position, problem } of prepared.bad) bad.push({ id: ids[position]!, problem });
    const isGood = (_: unknown, position: number): boolean =>
      !prepared.bad.some((image) => image.position === position);
    const values = session.fixedBatch === undefined ? prepared.values : fill(prepared, batch, card);
    const outputs = await session.run(values, session.fixedBatch ?? ids.length);
    const all = mapClasses(
      outputs.subarray(0, ids.length * mapping.outputs),
      mapping,
      ABSENT[card.output.kind],
    );
    const scores = prepared.bad.length === 0 ? all : keepRows(all, isGood);
    const best = rank(scores, n, card);
    const probabilities = isLogits ? softmax(scores, CLASS_COUNT) : scores;
    await predictions.write(ids.filter(isGood), best.classes, valuesOf(best, probabilities));
    await logits.write(scores);
    done += ids.length;
    onProgress?.({ stage: 'predict', done, total: set.ids.length, unit: 'images' });
  }
  await predictions.close();
  await logits.close();
  if (bad.length === done) throw allBad(images, bad[0]!);
  return { predicted: done - bad.length, bad };
}

function prepare(
  places: readonly ImagePlace[],
  batch: number,
  workerData: PreprocessSettings,
  options: Pick<StageOptions, 'jobs' | 'signal'>,
): AsyncGenerator<PreprocessedBatch> {
  const worker = new URL('./preprocess-worker.js', import.meta.url);
  const batches = inBatches(places, batch);
  return mapInWorkers(batches, { worker, workerData, stage: 'predict', ...options });
}

function* inBatches<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** A batch filled up with empty images, for a graph that takes no smaller one. */
function fill({ values }: PreprocessedBatch, batch: number, { input }: ModelCard): InputValues {
  const length = batch * valuesPerImage(input);
  if (values.length === length) return values;
  const type = { 4: 'float32', 2: 'float16', 1: 'uint8' } as const;
  const full = newValues(type[values.BYTES_PER_ELEMENT as 1 | 2 | 4], length);
  full.set(values);
  return full;
}

function keepRows(
  scores: Float32Array,
  isKept: (row: Float32Array, position: number) => boolean,
): Float32Array {
  const rows = [...inRows(scores)].filter(isKept);
  const kept = new Float32Array(rows.length * CLASS_COUNT);
  rows.forEach((row, at) => {
    kept.set(row, at * CLASS_COUNT);
  });
  return kept;
}

function* inRows(scores: Float32Array): Generator<Float32Array> {
  for (let start = 0; start < scores.length; start += CLASS_COUNT) {
    yield scores.subarray(start, start + CLASS_COUNT);
  }
}

function rank(scores: Float32Array, n: number, { model }: ModelCard): TopClasses {
  try {
    return topClasses(scoreMatrix(scores, CLASS_COUNT), n);
  } catch (cause) {
    throw new EvaluationError(
      `it gives values that cannot be ranked: ${(cause as Error).message}`,
      {
        code: 'model-output-not-finite',
        path: model,
        fix: 'check the preprocessing in its card, and the export of the model',
        cause,
      },
    );
  }
}

/** The probabilities of ranked classes, [images x n]. */
function valuesOf({ classes, n }: TopClasses, probabilities: Float32Array): Float32Array {
  return Float32Array.from(
    classes,
    (label, at) => probabilities[Math.floor(at / n) * CLASS_COUNT + label]!,
  );
}

function allBad({ path }: EvaluationImages, { id, problem }: BadImage): EvaluationError {
  return new EvaluationError(`no image can be decoded; the first: ${problem}`, {
    code: 'images-all-bad',
    path,
    place: id,
    fix: 'check --images',
  });
}
