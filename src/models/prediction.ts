import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { EvaluationError } from '../errors.js';
import { digestOf } from '../files/digest.js';
import { exists, requireSpace } from '../files/folders.js';
import { toJson } from '../files/json.js';
import { writeWhole } from '../files/output-file.js';
import { buildFolder } from '../files/output-folder.js';
import { codecVersions } from '../image/codecs.js';
import type { EvaluationImages, EvaluationSet } from '../sets/evaluation-set.js';
import { PATCHML_VERSION } from '../version.js';
import type { ModelCard, Preprocessing } from './card.js';
import { CLASS_COUNT } from './classes.js';
import { readCardedModel } from './model-file.js';
import { onnxruntimeVersion } from './onnxruntime.js';
import {
  type PredictInput,
  type Predictions,
  type PredictionSummary,
  type PredictOptions,
  readPredictionSummary,
  SUMMARY_FILE,
} from './prediction-folder.js';
import { newValues, valuesPerImage } from './preprocess.js';
import type { Provider } from './provider.js';
import type { PredictionOrigin, Ran, ReadyModel } from './run-model.js';
import { openModelSession } from './session.js';

/** Classes kept of each image, best first; more where an image has more labels. */
const TOP = 20;
const DEFAULT_BATCH = 16;

/** Predictions that are wanted, and where they are kept. */
export interface Prediction {
  card: ModelCard;
  set: EvaluationSet;
  images: EvaluationImages;
  preprocessing: Preprocessing;
  /** Where they are, or go: its name is a digest of all that they depend on. */
  folder: string;
  provider: Provider;
  /** Images of one run of the model, where it does not take a fixed number. */
  batch: number;
  /** Classes kept of each image. */
  top: number;
  origin: PredictionOrigin;
  versions: PredictionSummary['versions'];
  /** Of the model's file and its weights. */
  bytes: number;
}

/**
 * @throws EvaluationError where the model is not the one that its card was made for, the set has no
 *   images, or an option is out of range; OutputError where the model cannot be read
 */
export async function openPrediction(
  { card, set, preprocessing, work }: PredictInput,
  { provider = 'cpu', jobs, batch: asked }: PredictOptions,
): Promise<Prediction> {
  const images = requireImages(set);
  requireAmount('batch', asked);
  requireAmount('jobs', jobs);
  const { sha256, dependsOnBatch, bytes } = await readCardedModel(card);
  const batch = asked ?? (dependsOnBatch ? 1 : DEFAULT_BATCH);
  const top = set.labels.reduce((most, { length }) => Math.max(most, length), TOP);
  const versions = { patchml: PATCHML_VERSION, onnxruntime: onnxruntimeVersion() };
  const key = digestOf({
    model: sha256,
    preprocessing,
    classes: card.classes,
    output: card.output,
    ids: set.ids,
    images: images.fingerprint,
    summary: 2, // that its summary says what the scores are
    provider,
    batch,
    top,
    versions,
    codecs: await codecVersions(),
  });
  const folder = join(work, 'predictions', key.slice(0, 16));
  const origin = { model_digest: sha256, set_digest: images.fingerprint };
  return {
    ...{ card, set, images, preprocessing, folder, provider },
    ...{ batch, top, origin, versions, bytes },
  };
}

/** What is known of predictions once they are made. */
export type Predicted = Ran & RunFacts;
type RunFacts = Pick<PredictionSummary, 'onCpu' | 'batch' | 'scores'>;

/** What `predictions.json` says of a model that has run. */
export function factsOf({ batch, session: { onCpu, scale } }: ReadyModel): RunFacts {
  return { ...(Object.keys(onCpu).length > 0 ? { onCpu } : {}), batch, scores: scale };
}

/** The predictions that are there, or those that are made in a folder by `fill`. */
export async function completePredictions(
  prediction: Prediction,
  fill: (partial: string) => Promise<Predicted>,
): Promise<Predictions> {
  const { folder, set } = prediction;
  const reused = await exists(folder);
  if (!reused) {
    await buildFolder(folder, async (partial) => {
      await requireSpaceFor(partial, set.ids.length);
      await writePredictionSummary(partial, prediction, await fill(partial), set.ids.length);
    });
  }
  return { folder, summary: await readPredictionSummary(folder), reused };
}

/** @throws OutputError where there is no space for the logits of these images */
export function requireSpaceFor(folder: string, images: number): Promise<void> {
  return requireSpace(folder, images * CLASS_COUNT * 4, 'keeping the logits');
}

/** Writes `predictions.json`. @param images those that were to be predicted */
export async function writePredictionSummary(
  folder: string,
  { card, set, provider, versions, origin }: Prediction,
  { predicted, bad, ...facts }: Predicted,
  images: number,
): Promise<void> {
  const summary: PredictionSummary = {
    format: 'patchml-predictions',
    model: { name: card.name, sha256: origin.model_digest },
    set: { name: set.name, images },
    ...{ provider, ...facts, versions, predicted, bad },
  };
  await writeWhole(join(folder, SUMMARY_FILE), toJson(summary));
}

/**
 * Does work with a model that is loaded and ready to run.
 * @throws EvaluationError where it does not fit its card; what the work throws
 */
export async function withModel<T>(
  { card, preprocessing, provider, batch: asked, bytes }: Prediction,
  { jobs = availableParallelism() }: PredictOptions,
  work: (model: ReadyModel) => Promise<T>,
): Promise<T> {
  const session = await openModelSession(card, { provider, threads: jobs });
  const batch = session.fixedBatch ?? asked;
  const element = newValues(session.inputType, 0).BYTES_PER_ELEMENT;
  const input = element * batch * valuesPerImage(card.input);
  const needs = { bytes, input, threads: jobs };
  const inWorkers = provider === 'cpu' && haveRoom(needs, memoryOfMachine());
  if (inWorkers) await session.close();
  try {
    return await work({ card, session, inWorkers, preprocessing, batch });
  } finally {
    if (!inWorkers) await session.close();
  }
}

/** What one session in each worker thread would need. */
interface SessionNeeds {
  /** Of the model's weights. */
  bytes: number;
  /** Of the input of one run. */
  input: number;
  threads: number;
}

/** What a run holds beside the weights, over its input: 20 for EfficientNet-Lite, 16 for ViT-B. */
const ACTIVATIONS = 24;

/** The part of the machine's memory that sessions may take. */
const MEMORY_SHARE = 0.25;

/**
 * Whether there is memory for a session in each worker thread. A session of one thread takes up to
 * a fifth less CPU time than one that hands each layer to several, and waits for no other; but each
 * has the weights for itself, up to twice while it is loaded.
 * @param memory the machine's or the container's, bytes
 */
export function haveRoom({ bytes, input, threads }: SessionNeeds, memory: number): boolean {
  return threads * (2 * bytes + ACTIVATIONS * input) <= MEMORY_SHARE * memory;
}

function memoryOfMachine(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/** @throws EvaluationError `option-out-of-range` unless it is absent or a whole number from 1 */
function requireAmount(option: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return;
  throw new EvaluationError(
    `expected a whole number of at least 1 for \`${option}\`, got ${value}`,
    {
      code: 'option-out-of-range',
    },
  );
}

function requireImages({ name, images, ids }: EvaluationSet): EvaluationImages {
  if (images !== undefined && ids.length > 0) return images;
  throw new EvaluationError(`the evaluation set "${name}" has no images`, {
    code: 'images-missing',
    fix: 'pass --images',
  });
}
