import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { composeDataset, makePlan, parseRecipe } from '../../src/index.js';
import { type BenchInput, recipeOf, type Source } from './input.js';
import type { Peers } from './peer.js';

/** How much work a size is. */
export interface BenchSize {
  /** Images extracted, and images composed. */
  images: number;
  xmlFiles: number;
  planRows: number;
  /** Images that a model is run on: a multiple of 4. */
  evaluated: number;
  /** Images exported: those of the default recipe. */
  exported: number;
  /** Images whose predictions are scored. */
  scored: number;
  /** The median of so many runs is told. */
  repeats: number;
  /** The same for what takes long: models, exports. */
  modelRepeats: number;
  /** The same for scores, which take their peer a minute. */
  scoreRepeats: number;
  /** Images a class of the sample, where there is no other input. */
  samplePerClass: number;
}

export const SIZES: Record<'small' | 'full', BenchSize> = {
  small: {
    images: 150,
    xmlFiles: 2_000,
    planRows: 10_000,
    evaluated: 96,
    exported: 200,
    scored: 2_000,
    repeats: 1,
    modelRepeats: 1,
    scoreRepeats: 1,
    samplePerClass: 2,
  },
  full: {
    images: 3_000,
    xmlFiles: 20_000,
    planRows: 50_000,
    evaluated: 3_000,
    exported: 10_000,
    scored: 50_000,
    repeats: 4,
    modelRepeats: 3,
    scoreRepeats: 2,
    samplePerClass: 8,
  },
};

/** What every part of the benchmark works with. */
export interface Bench {
  source: Source;
  input: BenchInput;
  peers: Peers;
  /** A folder for what is made. */
  scratch: string;
  size: BenchSize;
}

/** A dataset of so many images, made once. @returns its folder */
export async function composed({ input, scratch }: Bench, images: number): Promise<string> {
  const out = join(scratch, `composed-${images}`);
  if (existsSync(out)) return out;
  const recipe = parseRecipe(recipeOf(images));
  const work = join(scratch, 'work');
  const { folder: plan } = await makePlan({ recipe, pool: input.pool, work });
  await composeDataset({ recipe, pool: input.pool, plan, out });
  return out;
}
