import { workerData } from 'node:worker_threads';
import { MemoryBudget } from '../image/memory-budget.js';
import { ImageReader } from '../imagenet/image-reader.js';
import { serve } from '../parallel/serve.js';
import {
  type ExtractBatch,
  extractBatch,
  type ExtractedBatch,
  type ExtractSettings,
} from './cut-patches.js';

/** What a worker is told once. */
export interface ExtractWorkerSettings extends Pick<ExtractSettings, 'patch' | 'storeSide'> {
  /** The folder or archive of the images. */
  images: string;
  /** The budget that all workers share. */
  memory: SharedArrayBuffer;
}

const { images, memory, patch, storeSide } = workerData as ExtractWorkerSettings;
const settings: ExtractSettings = {
  reader: new ImageReader(images),
  budget: new MemoryBudget(memory),
  patch,
  storeSide,
};

export default serve((batch: ExtractBatch): Promise<ExtractedBatch> =>
  extractBatch(batch, settings),
);
