import { workerData } from 'node:worker_threads';
import { ImageError } from '../errors.js';
import { decodeBytes } from '../image/decode.js';
import { MemoryBudget } from '../image/memory-budget.js';
import { ImageReader } from '../imagenet/image-reader.js';
import type { ImagePlace } from '../imagenet/images.js';
import { serve } from '../parallel/workers.js';
import type { Preprocessing } from './card.js';
import {
  type InputType,
  type InputValues,
  newValues,
  openPreprocessor,
  valuesPerImage,
} from './preprocess.js';

/** What a worker receives once. */
export interface PreprocessSettings {
  preprocessing: Preprocessing;
  type: InputType;
  /** The folder or archive of the images. */
  path: string;
  /** The memory that all workers decode in. */
  memory: SharedArrayBuffer;
}

/** A batch to be made ready. */
export interface RawBatch {
  places: readonly ImagePlace[];
  /** What an earlier batch was in, to be filled again: fresh memory costs more than filling it. */
  spare: InputValues | undefined;
}

/** A batch, ready for the model. */
export interface PreprocessedBatch {
  /** [images x 3 x height x width], or as the layout says; zeros for a bad image. */
  values: InputValues;
  /** Images that could not be decoded, by their position in the batch. */
  bad: { position: number; problem: string }[];
}

const { preprocessing, type, path, memory } = workerData as PreprocessSettings;
const budget = new MemoryBudget(memory);
const reader = new ImageReader(path);
const preprocess = openPreprocessor(preprocessing, type);
const perImage = valuesPerImage(preprocessing.input);

export default serve(
  async ({ places, spare }: RawBatch): Promise<PreprocessedBatch> => {
    const length = perImage * places.length;
    const values = (spare ?? newValues(type, length)).subarray(0, length);
    const bad: PreprocessedBatch['bad'] = [];
    const work = places.map(async (place, position) => {
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
    });
    await Promise.all(work);
    bad.sort((a, b) => a.position - b.position);
    return { values, bad };
  },
  ({ values }) => [values.buffer as ArrayBuffer],
);
