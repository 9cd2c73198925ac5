import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { sha256 } from '../../src/files/digest.js';
import {
  buildIndex,
  composeDataset,
  extractPool,
  makePlan,
  parseRecipe,
  type RecipeInput,
  verifyDataset,
} from '../../src/index.js';
import { readIndexSummary } from '../../src/imagenet/build-index.js';
import { readPlanSummary } from '../../src/sampling/make-plan.js';
import type { EncodeSettings } from './encode-worker.js';

export type JobName = keyof typeof JOBS;

/** Each job prepares what is not measured and returns what is: work that returns its count. */
export const JOBS = {
  index: async ({ recipe, annotations, images, scratch }: IndexArgument) => {
    const work = await freshFolder(scratch);
    return async () => {
      const index = await buildIndex({ recipe: parseRecipe(recipe), annotations, images, work });
      return (await readIndexSummary(index)).annotations;
    };
  },

  extract: async ({ recipe, index, scratch, jobs }: ExtractArgument) => {
    const work = await freshFolder(scratch);
    const { indexed } = await readIndexSummary(index);
    return async () => {
      await extractPool({ recipe: parseRecipe(recipe), index, work }, { jobs });
      return indexed.images;
    };
  },

  /** The limit of extract: reading and decoding every image whole, and nothing else. */
  decode: async ({ images, jobs }: { images: string; jobs: number }) => {
    sharp.concurrency(1);
    sharp.cache(false);
    const files = (await readdir(images)).map((name) => join(images, name));
    const limit = pLimit(jobs);
    return async () => {
      await limit.map(files, async (file) => {
        const bytes = await readFile(file);
        await sharp(bytes, { ignoreIcc: true }).toColourspace('srgb').raw().toBuffer();
      });
      return files.length;
    };
  },

  plan: async ({ recipe, pool, scratch }: PlanArgument) => {
    const work = await freshFolder(scratch);
    return async () => {
      const plan = await makePlan({ recipe: parseRecipe(recipe), pool, work });
      return (await readPlanSummary(plan)).images;
    };
  },

  compose: async ({ recipe, pool, plan, scratch, jobs }: ComposeArgument) => {
    const out = join(await freshFolder(scratch), 'dataset');
    const { images } = await readPlanSummary(plan);
    return async () => {
      await composeDataset({ recipe: parseRecipe(recipe), pool, plan, out }, { jobs });
      return images;
    };
  },

  /** The limit of compose: encoding images that are there already, in as many threads. */
  encode: async ({ jobs, ...settings }: EncodeSettings & { jobs: number }) => {
    const script = new URL('./encode-worker.js', import.meta.url);
    const workers = Array.from(
      { length: jobs },
      () => new Worker(script, { workerData: settings }),
    );
    await Promise.all(workers.map(nextMessage));
    return async () => {
      for (const worker of workers) worker.postMessage('go');
      await Promise.all(workers.map(nextMessage));
      return jobs * settings.images;
    };
  },

  verify: ({ dataset }: { dataset: string }) =>
    Promise.resolve(async () => (await verifyDataset(dataset)).files),

  /** The limit of verify: reading and hashing the files, and nothing else. */
  hash: async ({ dataset }: { dataset: string }) => {
    const files = (await readdir(dataset, { recursive: true })).map((name) => join(dataset, name));
    return async () => {
      let count = 0;
      for (const file of files) {
        const bytes = await readFile(file).catch(() => undefined); // a folder
        if (bytes && sha256(bytes)) count += 1;
      }
      return count;
    };
  },
};

interface IndexArgument {
  recipe: RecipeInput;
  annotations: string;
  images: string;
  scratch: string;
}

interface ExtractArgument {
  recipe: RecipeInput;
  index: string;
  scratch: string;
  jobs: number;
}

interface PlanArgument {
  recipe: RecipeInput;
  pool: string;
  scratch: string;
}

interface ComposeArgument extends PlanArgument {
  plan: string;
  jobs: number;
}

function freshFolder(scratch: string): Promise<string> {
  return mkdtemp(join(scratch, 'run-'));
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
}
