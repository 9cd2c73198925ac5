import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { verifyExport, writeExport } from '../../src/exports/exports.js';
import { sha256 } from '../../src/files/digest.js';
import { readIndexedImages, readIndexSummary } from '../../src/generate/build-index.js';
import { readPlanSummary } from '../../src/generate/make-plan.js';
import {
  buildIndex,
  composeDataset,
  extractPool,
  type ExportName,
  makePlan,
  parseRecipe,
  readDataset,
  type RecipeInput,
  verifyDataset,
} from '../../src/index.js';
import type { EncodeSettings } from './encode-worker.js';
import { evaluateJob, scoreJob, sessionJob } from './evaluate-jobs.js';

export type JobName = keyof typeof JOBS;
export type JobArgument<Name extends JobName> = Parameters<(typeof JOBS)[Name]>[0];

/**
 * Each job gets its argument and an empty folder, prepares what is not measured, and returns what
 * is: work that returns its count.
 */
export const JOBS = {
  index: ({ recipe, ...input }: IndexArgument, work: string) =>
    ready(async () => {
      const { summary } = await buildIndex({ recipe: parseRecipe(recipe), ...input, work });
      return summary.annotations;
    }),

  extract: async ({ recipe, index, jobs }: ExtractArgument, work: string) => {
    const { indexed } = await readIndexSummary(index);
    return async () => {
      await extractPool({ recipe: parseRecipe(recipe), index, work }, { jobs });
      return indexed.images;
    };
  },

  /**
   * The limit of extract: reading and decoding the same images whole, as many of them at once, and
   * nothing else. An image that cannot be decoded counts: extract meets it too.
   */
  decode: async ({ index, jobs }: { index: string; jobs: number }) => {
    sharp.concurrency(1);
    sharp.cache(false);
    const { images } = await readIndexSummary(index);
    const files: string[] = [];
    for await (const { place } of readIndexedImages(index)) files.push(join(images, place.file));
    const limit = pLimit(2 * jobs); // no thread waits for JavaScript
    return async () => {
      await limit.map(files, async (file) => {
        const image = sharp(await readFile(file), { ignoreIcc: true, failOn: 'error' });
        await image
          .toColourspace('srgb')
          .removeAlpha()
          .raw()
          .toBuffer()
          .catch(() => undefined);
      });
      return files.length;
    };
  },

  plan: ({ recipe, pool }: PlanArgument, work: string) =>
    ready(async () => {
      const { summary } = await makePlan({ recipe: parseRecipe(recipe), pool, work });
      return summary.images;
    }),

  compose: async ({ recipe, pool, plan, jobs }: ComposeArgument, folder: string) => {
    const out = join(folder, 'dataset');
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
    ready(async () => (await verifyDataset({ dataset })).files),

  /** The limit of verify: reading and hashing the files, and nothing else. */
  hash: ({ dataset }: { dataset: string }) => {
    const entries = readdirSync(dataset, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return ready(() => {
      for (const { parentPath, name } of files) sha256(readFileSync(join(parentPath, name)));
      return Promise.resolve(files.length);
    });
  },

  evaluate: evaluateJob,
  session: sessionJob,
  score: scoreJob,
  writeExport: writeExportJob,
  verifyExport: verifyExportJob,
};

interface IndexArgument {
  recipe: RecipeInput;
  annotations: string;
  images: string;
}

interface ExtractArgument {
  recipe: RecipeInput;
  index: string;
  jobs: number;
}

interface PlanArgument {
  recipe: RecipeInput;
  pool: string;
}

interface ComposeArgument extends PlanArgument {
  plan: string;
  jobs: number;
}

type Work = () => Promise<number>;

/** For a job that prepares nothing. */
function ready(work: Work): Promise<Work> {
  return Promise.resolve(work);
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
}

/** What the two jobs are told. */
interface ExportArgument {
  name: ExportName;
  dataset: string;
}

/** Writing an export; its images are counted. */
async function writeExportJob(
  { name, dataset }: ExportArgument,
  folder: string,
): Promise<() => Promise<number>> {
  const opened = await readDataset(dataset);
  return async () => {
    await writeExport(name, opened, folder, {});
    return opened.summary.images;
  };
}

/** Reading an export back and comparing it with its dataset. */
async function verifyExportJob({
  name,
  dataset,
  folder,
}: ExportArgument & { folder: string }): Promise<() => Promise<number>> {
  const opened = await readDataset(dataset);
  return async () => {
    for await (const { problem, file } of verifyExport(name, opened, folder)) {
      throw new Error(`${problem}: ${file}`);
    }
    return opened.summary.images;
  };
}
