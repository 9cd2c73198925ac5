import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyDataset } from '../dataset/verify.js';
import { listPlainFiles } from '../files/listing.js';
import { buildIndex, type IndexFolder, readIndexedImages } from '../generate/build-index.js';
import { composeDataset } from '../generate/compose-dataset.js';
import { extractPool } from '../generate/extract-pool.js';
import { requireInputs } from '../generate/generate.js';
import { makePlan } from '../generate/make-plan.js';
import { openAnnotations } from '../imagenet/annotations.js';
import type { Progress, StageOptions } from '../progress.js';
import { patchCounts, type Recipe } from '../recipe/schema.js';

/** What of a recipe is estimated. */
export interface EstimateRecipeInput {
  recipe: Recipe;
  /** Default: what the recipe names. */
  annotations?: string | undefined;
  images?: string | undefined;
  /** Annotated images there will be, where that is more than there are here. Default: those here. */
  annotated?: number | undefined;
}

/** What was measured, an item. */
export interface Rates {
  /** Of its index and its pool, whether they are not those of a recipe before it. */
  isOwn: { index: boolean; pool: boolean };
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

/** Annotated images that are tried. */
const SAMPLE = 400;
/** Images that are composed, at most. */
const COMPOSED = 400;

/** Runs the stages of a recipe on a sample; what it has in common with those before it once. */
export type Trial = (input: EstimateRecipeInput) => Promise<Rates>;

type TrialOptions = StageOptions & { sample?: number | undefined };

/** Gives work a trial of recipes, in the system's folder for temporary files. */
export async function withTrial<T>(
  options: TrialOptions,
  work: (tryStages: Trial) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'patchml-estimate-'));
  const seen = new Set<string>();
  try {
    return await work((input) => tryRecipe(input, folder, seen, options));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param seen the folders that the recipes before it have made */
async function tryRecipe(
  { recipe, annotated, ...given }: EstimateRecipeInput,
  folder: string,
  seen: Set<string>,
  { sample = SAMPLE, jobs, signal, onProgress }: TrialOptions,
): Promise<Rates> {
  const inputs = requireInputs({ recipe, ...given });
  const all = await countAnnotations(inputs.annotations);
  const limit = Math.min(sample, recipe.source.limit ?? Infinity);
  const part = { ...recipe, source: { ...recipe.source, limit } };
  const work = join(folder, 'work');
  const meter = openMeter(onProgress);
  const run = { jobs, signal, onProgress: meter.onProgress };
  if (seen.size === 0) {
    // What is run for the first time also loads its code, which has nothing to do with the images.
    await buildIndex({ recipe: part, ...inputs, work: join(folder, 'first') }, { jobs, signal });
    meter.take(0);
  }
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
  const out = join(folder, 'datasets', `${seen.size}`);
  await composeDataset({ recipe: small, pool, plan, out }, run);
  const composeCpu = meter.take(images);
  await verifyDataset({ dataset: out }, { jobs, signal });
  meter.take(0);
  await verifyDataset({ dataset: out }, run);
  const verifyCpu = meter.take(images);
  const isOwn = { index: !seen.has(index), pool: !seen.has(pool) };
  seen.add(index).add(pool).add(out);
  const indexed = summary.indexed.images;
  return {
    isOwn,
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

/** The images of a recipe's dataset. */
export function imagesOf(recipe: Pick<Recipe, 'sampling'>): number {
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
