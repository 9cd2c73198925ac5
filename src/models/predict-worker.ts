import { workerData } from 'node:worker_threads';
import { ImageError } from '../errors.js';
import { decodeBytes } from '../image/decode.js';
import { MemoryBudget } from '../image/memory-budget.js';
import { ImageReader } from '../imagenet/image-reader.js';
import type { ImagePlace } from '../imagenet/images.js';
import { ExitGate } from '../parallel/exit-gate.js';
import { serve } from '../parallel/serve.js';
import type { ModelCard, Preprocessing } from './card.js';
import {
  type InputType,
  type InputValues,
  newValues,
  openPreprocessor,
  valuesPerImage,
} from './preprocess.js';
import { openModelSession, runBatch } from './session.js';

/** What a worker receives once. */
export interface PredictSettings {
  preprocessing: Preprocessing;
  type: InputType;
  /** The folder or archive of the images. */
  path: string;
  /** The memory that all workers decode in. */
  memory: SharedArrayBuffer;
  /** The model that each worker runs in a session of its own; undefined where it only prepares. */
  own: ModelCard | undefined;
  /** What the process waits for before it ends. */
  gate: SharedArrayBuffer;
}

/** A batch of images. */
export interface RawBatch {
  places: readonly ImagePlace[];
  /** What an earlier batch was in, to be filled again: fresh memory costs more than filling it. */
  spare: InputValues | undefined;
}

/** What becomes of a batch: what the model says of it, or what the model is to be given. */
export type WorkedBatch = (
  | { /** [images x outputs] */ outputs: Float32Array; values?: undefined }
  | { /** [images x 3 x height x width], or as the layout says */ values: InputValues }
) & {
  /** Images that could not be decoded, by their position in the batch; their values are zeros. */
  bad: { position: number; problem: string }[];
};

const { preprocessing, type, path, memory, own, gate } = workerData as PredictSettings;
const budget = new MemoryBudget(memory);
const reader = new ImageReader(path);
const preprocess = openPreprocessor(preprocessing, type);
const perImage = valuesPerImage(preprocessing.input);
const exitGate = new ExitGate(gate);
const session = own && (await exitGate.during(() => openModelSession(own, { threads: 1 })));
/** Where a batch is prepared that stays in this thread. */
let kept = newValues(type, 0);

export default serve(
  async ({ places, spare = kept }: RawBatch): Promise<WorkedBatch> => {
    const length = perImage * places.length;
    const room = spare.length < length ? newValues(type, length) : spare;
    const values = room.subarray(0, length);
    const bad = await prepare(places, values);
    if (session === undefined) return { values, bad };
    kept = room;
    const outputs = await exitGate.during(() => runBatch(session, values, places.length));
    return { outputs, bad };
  },
  (batch) => [('outputs' in batch ? batch.outputs : batch.values).buffer as ArrayBuffer],
);

async function prepare(
  places: readonly ImagePlace[],
  values: InputValues,
): Promise<WorkedBatch['bad']> {
  const bad: WorkedBatch['bad'] = [];
  for (const [position, place] of places.entries()) {
    const target = values.subarray(perImage * position, perImage * (position + 1));
    try {
      await reader.use(place, budget, (header) => ({
        bytes: 2 * decodeBytes(header), // once more for what is resized
        work: (file) => preprocess(file, target),
      }));
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      target.fill(0);
      bad.push({ position, problem: error.message });
    }
  }
  return bad;
}
