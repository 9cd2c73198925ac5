import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvaluationError } from '../errors.js';
import { explaining } from '../files/file-errors.js';
import { listPlainFiles } from '../files/listing.js';
import { buildIndex, type IndexFolder, readIndexedImages } from '../generate/build-index.js';
import { composeDataset } from '../generate/compose-dataset.js';
import { extractPool } from '../generate/extract-pool.js';
import { requireInputs } from '../generate/generate.js';
import { makePlan } from '../generate/make-plan.js';
import { openAnnotations } from '../imagenet/annotations.js';
import { verifyDataset } from '../dataset/verify.js';
import type { Progress, StageOptions } from '../progress.js';
import { patchCounts, type Recipe } from '../recipe/schema.js';
import { planStudy, type PlanStudyOptions } from '../study/estimate.js';
import type { Study } from '../study/load.js';

/** The machines that the work is estimated for. */
export interface Machines {
  /** Default: 1. */
  machines?: number | undefined;
  /** Of each. Default: 16. */
  cores?: number | undefined;
  /** What the storage that all share gives to all of them together, MB/s. Default: 1000. */
  bandwidth?: number | undefined;
  /** Images of a piece of a queue. Default: 1000. */
  piece?: number | undefined;
}

/** What they are estimated for, with the defaults. */
export type MachineCounts = Record<keyof Machines, number>;

/** A step of the work. */
export interface EstimatedStep {
  name: string;
  /** How many of `unit`. */
  items: number;
  unit: string;
  coreSeconds: number;
  /** Whether all machines share it; else one process does it. */
  isDivided: boolean;
  /** Read from and written to the shared storage. */
  bytes: number;
  /** Wall time on the machines. */
  seconds: number;
  /** What the wall time is made of. */
  limit: 'processor' | 'storage' | 'one process';
}

/** What a piece of work costs. */
export interface Estimate {
  machines: MachineCounts;
  steps: EstimatedStep[];
  coreHours: number;
  /** Where models run on a GPU: the hours of one; else 0. */
  gpuHours: number;
  /** Wall time on the machines, s. */
  seconds: number;
  /** Bytes of what stays, by what it is. */
  storage: Record<string, number>;
  files: number;
  /** Pieces of a queue; commands that Redis does for them; requests to S3, if the storage is there. */
  operations: { pieces: number; redis: number; s3: number };
  /** What is not in these numbers, and why. */
  leftOut: string[];
  /** What stops more cores from helping first, and from how many on. */
  bottleneck: { step: string; limit: 'storage' | 'one process'; cores: number } | undefined;
}

/** What of a recipe is estimated. */
export interface EstimateRecipeInput {
  recipe: Recipe;
  /** Default: what the recipe names. */
  annotations?: string | undefined;
  images?: string | undefined;
  /** Annotated images there will be, where that is more than there are here. Default: those here. */
  annotated?: number | undefined;
}

/** How to estimate. */
export interface EstimateOptions extends StageOptions, Machines {
  /** Annotated images that are tried. Default: 400. */
  sample?: number | undefined;
}

const SAMPLE = 400;
/** Images that are composed for the trial, at most. */
const COMPOSED = 400;

/**
 * Says what a dataset would cost: runs the stages on a sample in the system's folder for temporary
 * files and multiplies the CPU time and bytes of an image. CPU time is that of this machine.
 * @throws RecipeError where neither the input nor the recipe says where the inputs are
 * @throws EvaluationError `option-out-of-range`
 * @throws AnnotationError, ImageError, SamplingError, DatasetError, OutputError, AbortedError: see the stages
 */
export function estimateRecipe(
  input: EstimateRecipeInput,
  options: EstimateOptions = {},
): Promise<Estimate> {
  return explaining(async () => {
    const machines = machinesOf(options);
    requireCounts({ annotated: input.annotated, sample: options.sample });
    const folder = await mkdtemp(join(tmpdir(), 'patchml-estimate-'));
    try {
      const rates = await tryStages(input, folder, options);
      return recipeCost(input.recipe, rates, machines);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** What was measured, an item. */
export interface Rates {
  /** All annotations. */
  annotated: number;
  /** Of an annotation: the images that are read for it, and patches. */
  images: number;
  patches: number;
  /** CPU time, s. */
  cpu: { index: number; extract: number; plan: number; compose: number; verify: number };
  /** Of an annotation, a source image, a patch in the pool, a row of the plan, a composed image. */
  bytes: { annotation: number; image: number; patch: number; row: number; composed: number };
}

async function tryStages(
  { recipe, annotated, ...given }: EstimateRecipeInput,
  folder: string,
  { sample = SAMPLE, jobs, signal, onProgress }: EstimateOptions,
): Promise<Rates> {
  const inputs = requireInputs({ recipe, ...given });
  const all = await countAnnotations(inputs.annotations);
  const limit = Math.min(sample, recipe.source.limit ?? Infinity);
  const part = { ...recipe, source: { ...recipe.source, limit } };
  const work = join(folder, 'work');
  const meter = openMeter(onProgress);
  const run = { jobs, signal, onProgress: meter.onProgress };
  // What is run for the first time also loads its code, which has nothing to do with the images.
  await buildIndex({ recipe: part, ...inputs, work: join(folder, 'first') }, { jobs, signal });
  meter.take(0);
  const { folder: index, summary } = await buildIndex({ recipe: part, ...inputs, work }, run);
  const indexCpu = meter.take(summary.annotations);
  const { folder: pool } = await extractPool({ recipe: part, index, work }, run);
  const extractCpu = meter.take(summary.indexed.images);
  const counts = sampleCounts(recipe, summary.annotations / (annotated ?? all));
  const small = { ...part, sampling: { ...part.sampling, counts } };
  const images = imagesOf(small);
  const { folder: plan } = await makePlan({ recipe: small, pool, work }, run);
  meter.take(0);
  const many = { ...part, sampling: { ...part.sampling, counts: planCounts(recipe, counts) } };
  await makePlan({ recipe: many, pool, work }, run);
  const planCpu = meter.take(imagesOf(many));
  const out = join(folder, 'dataset');
  await composeDataset({ recipe: small, pool, plan, out }, run);
  const composeCpu = meter.take(images);
  await verifyDataset({ dataset: out }, { jobs, signal });
  meter.take(0);
  await verifyDataset({ dataset: out }, run);
  const verifyCpu = meter.take(images);
  const indexed = summary.indexed.images;
  return {
    annotated: annotated ?? Math.min(all, recipe.source.limit ?? Infinity),
    images: indexed / summary.annotations,
    patches: summary.indexed.objects / summary.annotations,
    cpu: {
      index: indexCpu,
      extract: extractCpu,
      plan: planCpu,
      compose: composeCpu,
      verify: verifyCpu,
    },
    bytes: {
      annotation: (await bytesIn(index)) / summary.annotations,
      image: await meanImageBytes(index),
      patch: (await bytesIn(pool)) / Math.max(1, summary.indexed.objects),
      row: (await bytesIn(plan)) / images,
      composed: (await bytesIn(out)) / images,
    },
  };
}

/** How many there are; of a CSV or an archive, by reading it. */
async function countAnnotations(path: string): Promise<number> {
  const source = await openAnnotations(path);
  if (source.total > 0) return source.total;
  let count = 0;
  for await (const annotation of source.read()) count += annotation.imageId === '' ? 0 : 1;
  return count;
}

/** The numbers of images of a trial, in the recipe's proportions: no more of it than of the patches. */
function sampleCounts(recipe: Recipe, share: number): Record<string, number> {
  const total = imagesOf(recipe);
  const asked = Math.min(
    COMPOSED,
    recipe.sampling.replacement === 'per-dataset' ? share * total : total,
  );
  return Object.fromEntries(
    patchCounts(recipe).map((k) => {
      const count = recipe.sampling.counts[String(k)]!;
      return [String(k), Math.min(count, Math.max(1, Math.floor((asked * count) / total)))];
    }),
  );
}

/** Rows that are planned for the trial, which takes a fraction of a second. */
const PLANNED = 20_000;

/** The numbers of images of a plan that shows how long a row takes. */
function planCounts(recipe: Recipe, counts: Record<string, number>): Record<string, number> {
  if (recipe.sampling.replacement === 'per-dataset') return counts;
  const more = Math.max(1, Math.floor(PLANNED / COMPOSED));
  return Object.fromEntries(Object.entries(counts).map(([k, count]) => [k, more * count]));
}

function imagesOf(recipe: Pick<Recipe, 'sampling'>): number {
  return Object.values(recipe.sampling.counts).reduce((sum, count) => sum + count, 0);
}

async function bytesIn(folder: string): Promise<number> {
  return [...(await listPlainFiles(folder)).values()].reduce((sum, size) => sum + size, 0);
}

async function meanImageBytes(index: IndexFolder): Promise<number> {
  let [bytes, images] = [0, 0];
  for await (const { place } of readIndexedImages(index)) {
    bytes += Math.max(0, place.size);
    images += 1;
  }
  return images === 0 ? 0 : bytes / images;
}

/** The part of a stage behind which its CPU time counts: before, its threads start. */
const STARTED = 0.2;

/** Measures the CPU time of one stage after the other, all threads together. */
function openMeter(onProgress: StageOptions['onProgress']): {
  onProgress: (progress: Progress) => void;
  /** Seconds an item of the stage that has ended. */
  take: (items: number) => number;
} {
  const cpuSeconds = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  let begin = { cpu: cpuSeconds(), done: 0 };
  let seen: { cpu: number; done: number; total: number }[] = [];
  return {
    onProgress(progress) {
      seen.push({ cpu: cpuSeconds(), done: progress.done, total: progress.total });
      onProgress?.(progress);
    },
    take(items) {
      const started = seen.find(({ done, total }) => total > 0 && done >= STARTED * total);
      const from = started && started.done < items ? started : begin;
      const end = cpuSeconds();
      const each = (end - from.cpu) / Math.max(1, items - from.done);
      begin = { cpu: end, done: 0 };
      seen = [];
      return each;
    },
  };
}

/** Multiplies what was measured. Exported for its test. */
export function recipeCost(recipe: Recipe, rates: Rates, machines: MachineCounts): Estimate {
  const { cpu, bytes } = rates;
  const { annotated } = rates;
  const sources = Math.round(annotated * rates.images);
  const patches = annotated * rates.patches;
  const images = imagesOf(recipe);
  const perImage = bytes.composed;
  const pool = patches * bytes.patch;
  const dataset = images * perImage;
  const step = (
    name: string,
    [items, unit]: readonly [number, string],
    cost: { each: number; bytes: number; isDivided: boolean },
  ): EstimatedStep => stepOf({ name, items, unit, ...cost }, machines);
  const steps = [
    step('index', [annotated, 'annotations'], {
      each: cpu.index,
      bytes: annotated * bytes.annotation,
      isDivided: false,
    }),
    step('extract', [sources, 'images'], {
      each: cpu.extract,
      bytes: sources * bytes.image + pool,
      isDivided: true,
    }),
    // A merge reads and hashes what the parts hold, and writes it once more.
    step('merge of the pool', [Math.round(patches), 'patches'], {
      each: cpu.verify,
      bytes: 2 * pool,
      isDivided: false,
    }),
    step('plan', [images, 'rows'], {
      each: cpu.plan,
      bytes: images * bytes.row,
      isDivided: false,
    }),
    step('compose', [images, 'images'], {
      each: cpu.compose,
      bytes: dataset + pool,
      isDivided: true,
    }),
    step('merge of the dataset', [images, 'images'], {
      each: cpu.verify,
      bytes: dataset,
      isDivided: false,
    }),
  ];
  const pieces = Math.ceil(sources / machines.piece) + Math.ceil(images / machines.piece) + 4;
  return totalOf(steps, machines, {
    storage: { pool, plan: images * bytes.row, dataset },
    files: images + FILES_BESIDE,
    pieces,
    // Each source image is read once; each composed one is put, read by the merge, and put again.
    s3: annotated + sources + 3 * images,
    gpuHours: 0,
    leftOut: [],
  });
}

/** Of an index, a pool, a plan and a dataset, beside the images. */
const FILES_BESIDE = 16;

/** Bytes of an image in the predictions of a model: 1,000 logits, and the best classes. */
const PREDICTED = 4000 + 300;

/**
 * Says what the models of a study would cost, by running each on its first images: see
 * {@link planStudy}. What was done before costs nothing; datasets that are not there are estimated
 * by {@link estimateRecipe}.
 * @param input work: where the study keeps what it makes
 * @throws EvaluationError `option-out-of-range`, `cards-same-name`
 * @throws AbortedError
 */
export async function estimateStudy(
  input: { study: Study; work: string },
  options: PlanStudyOptions & Machines = {},
): Promise<Estimate> {
  const machines = machinesOf(options);
  const { steps: planned, failures } = await planStudy(input, options);
  const leftOut = failures.map(({ set, model, error }) =>
    [model, set, error.message].filter((part) => part !== undefined).join(': '),
  );
  const isOnGpu = (options.provider ?? 'cpu') !== 'cpu';
  const steps: EstimatedStep[] = [];
  let [gpuSeconds, kept, pieces] = [0, 0, 0];
  for (const { action, set, model, images = 0, seconds = 0, cpuSeconds = 0 } of planned) {
    if (action === 'generate') leftOut.push(`${set}: estimate its recipe`);
    if (action === 'keep' || action === 'generate') continue;
    const predicts = action === 'predict';
    const bytes = images * PREDICTED;
    steps.push(
      stepOf(
        {
          name: `${model} on ${set}`,
          items: images,
          unit: 'images',
          each: images === 0 ? 0 : cpuSeconds / images,
          bytes,
          isDivided: predicts,
        },
        machines,
      ),
    );
    if (!predicts) continue;
    kept += bytes;
    pieces += Math.ceil(images / machines.piece) + 1;
    if (isOnGpu) gpuSeconds += seconds;
  }
  return totalOf(steps, machines, {
    storage: { predictions: kept },
    files: 5 * steps.length,
    pieces,
    s3: 5 * pieces,
    gpuHours: gpuSeconds / 3600,
    leftOut,
  });
}

/** Commands of BullMQ for a job: added, taken, kept alive twice, ended. */
const COMMANDS = 5;

function totalOf(
  steps: EstimatedStep[],
  machines: MachineCounts,
  {
    storage,
    files,
    pieces,
    s3,
    gpuHours,
    leftOut,
  }: Pick<Estimate, 'storage' | 'files' | 'gpuHours' | 'leftOut'> & { pieces: number; s3: number },
): Estimate {
  return {
    machines,
    steps,
    coreHours: steps.reduce((sum, { coreSeconds }) => sum + coreSeconds, 0) / 3600,
    gpuHours,
    seconds: steps.reduce((sum, { seconds }) => sum + seconds, 0),
    storage,
    files,
    operations: { pieces, redis: COMMANDS * pieces, s3 },
    leftOut,
    bottleneck: bottleneckOf(steps, machines),
  };
}

function stepOf(
  {
    each,
    ...step
  }: Pick<EstimatedStep, 'name' | 'items' | 'unit' | 'bytes' | 'isDivided'> & { each: number },
  { machines, cores, bandwidth }: MachineCounts,
): EstimatedStep {
  const coreSeconds = each * step.items;
  const computing = coreSeconds / (step.isDivided ? machines * cores : 1);
  const moving = step.bytes / (bandwidth * 1e6);
  const busy = step.isDivided ? ('processor' as const) : ('one process' as const);
  return {
    ...step,
    coreSeconds,
    seconds: Math.max(computing, moving),
    limit: moving > computing ? 'storage' : busy,
  };
}

/**
 * What stops more cores from helping: the storage, for the divided step that moves the most bytes a
 * CPU second, or the steps that are not divided, once these take longer than the divided ones.
 */
function bottleneckOf(
  steps: readonly EstimatedStep[],
  { bandwidth }: MachineCounts,
): Estimate['bottleneck'] {
  const divided = steps.filter((step) => step.isDivided && step.coreSeconds > 0);
  const single = steps.filter((step) => !step.isDivided && step.coreSeconds > 0);
  const candidates: NonNullable<Estimate['bottleneck']>[] = divided
    .filter(({ bytes }) => bytes > 0)
    .map(({ name, coreSeconds, bytes }): NonNullable<Estimate['bottleneck']> => ({
      step: name,
      limit: 'storage',
      cores: (coreSeconds * bandwidth * 1e6) / bytes,
    }));
  const alone = single.reduce((sum, { seconds }) => sum + seconds, 0);
  const [longest] = [...single].sort((a, b) => b.seconds - a.seconds);
  if (longest && alone > 0) {
    const shared = divided.reduce((sum, { coreSeconds }) => sum + coreSeconds, 0);
    candidates.push({ step: longest.name, limit: 'one process', cores: shared / alone });
  }
  const [first] = candidates.sort((a, b) => a.cores - b.cores);
  return first && { ...first, cores: Math.max(1, Math.round(first.cores)) };
}

function machinesOf({
  machines = 1,
  cores = 16,
  bandwidth = 1000,
  piece = 1000,
}: Machines): MachineCounts {
  requireCounts({ machines, cores, bandwidth, piece });
  return { machines, cores, bandwidth, piece };
}

/** @throws EvaluationError `option-out-of-range` */
function requireCounts(options: Record<string, number | undefined>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw new EvaluationError(
      `expected a whole number of at least 1 for \`${name}\`, got ${value}`,
      {
        code: 'option-out-of-range',
      },
    );
  }
}
