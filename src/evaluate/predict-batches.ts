import { mapInWorkers } from '../parallel/map-in-workers.js';
import type { StageOptions } from '../progress.js';
import { CLASS_COUNT, classMapping, mapClasses } from './class-mapping.js';
import type { EvaluationImages, EvaluationSet } from './evaluation-set.js';
import type { ModelCard, Preprocessing } from './model-card.js';
import type { ModelSession } from './model-session.js';
import { type InputValues, newValues, valuesPerImage } from './preprocess.js';
import type { PreprocessedBatch, PreprocessSettings, RawBatch } from './preprocess-worker.js';
import type { BadImage } from './score-file.js';

/** A model that is ready to run. */
export interface ReadyModel {
  card: ModelCard;
  session: ModelSession;
  preprocessing: Preprocessing;
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
const ABSENT = { logits: -3.4028234663852886e38, probabilities: -1 };

/**
 * Runs a model over a set, in the set's order, from image `first` on. Images are prepared in worker threads while the model
 * runs; two batches a thread are under way at most.
 */
export async function* predictBatches(
  { card, session, preprocessing, batch }: ReadyModel,
  { set, images }: { set: EvaluationSet; images: EvaluationImages },
  first: number,
  { jobs, signal }: Pick<StageOptions, 'jobs' | 'signal'>,
): AsyncGenerator<PredictedBatch> {
  const mapping = classMapping(card);
  const workerData: PreprocessSettings = {
    preprocessing,
    type: session.inputType,
    path: images.path,
  };
  const spares: InputValues[] = [];
  const raw = inBatches(images.places.slice(first), batch, spares);
  const prepared = mapInWorkers<RawBatch, PreprocessedBatch>(raw, {
    worker: new URL('./preprocess-worker.js', import.meta.url),
    workerData,
    moved: ({ spare }) => (spare ? [spare.buffer as ArrayBuffer] : []),
    stage: 'predict',
    jobs,
    signal,
  });
  let start = first;
  for await (const { values, bad } of prepared) {
    const ids = set.ids.slice(start, start + batch);
    start += ids.length;
    const isFixed = session.fixedBatch !== undefined;
    const outputs = await session.run(
      isFixed ? fillUp(values, batch * valuesPerImage(card.input), session) : values,
      isFixed ? batch : ids.length,
    );
    spares.push(values);
    const own = outputs.subarray(0, ids.length * mapping.outputs);
    const scores = mapClasses(own, mapping, ABSENT[card.output.kind]);
    const isBad = new Set(bad.map(({ position }) => position));
    yield {
      ids: ids.filter((_, position) => !isBad.has(position)),
      scores: withoutRows(scores, isBad),
      bad: bad.map(({ position, problem }) => ({ id: ids[position]!, problem })),
    };
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

/** A last batch with empty images behind it, for a graph that takes no smaller one. */
function fillUp(values: InputValues, length: number, { inputType }: ModelSession): InputValues {
  if (values.length === length) return values;
  const full = newValues(inputType, length);
  full.set(values);
  return full;
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
