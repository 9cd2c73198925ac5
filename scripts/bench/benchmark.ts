import { join } from 'node:path';
import { benchCompose } from './compose.js';
import { benchEvaluate } from './evaluate.js';
import { benchExtract } from './extract.js';
import { benchIndex, benchPlan } from './index-plan.js';
import { type BenchInput, prepareInput, recipeOf, repeatInput, type Source } from './input.js';
import { benchMemory } from './memory.js';
import { openPeer, type Peer } from './peer.js';
import { benchRelease } from './release.js';
import type { Row } from './row.js';
import { benchScore } from './score.js';
import { benchVerify } from './verify.js';

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
  /** The same for what takes long: memory at ten times the images, models, scores. */
  memoryRepeats: number;
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
    memoryRepeats: 1,
    samplePerClass: 2,
  },
  full: {
    images: 3_000,
    xmlFiles: 20_000,
    planRows: 50_000,
    evaluated: 3_000,
    exported: 10_000,
    scored: 50_000,
    repeats: 5,
    memoryRepeats: 3,
    samplePerClass: 8,
  },
};

/** The parts, in the order they are measured in. */
export const PARTS = {
  index: benchIndex,
  extract: benchExtract,
  plan: benchPlan,
  compose: benchCompose,
  verify: benchVerify,
  memory: benchMemory,
  evaluate: benchEvaluate,
  score: benchScore,
  release: benchRelease,
};
export type PartName = keyof typeof PARTS;

/** What every part of the benchmark works with. */
export interface Bench {
  source: Source;
  input: BenchInput;
  /** Undefined where there is no python3 with Pillow. */
  peer: Peer | undefined;
  /** A folder for what is made. */
  scratch: string;
  size: BenchSize;
}

/**
 * Measures stages.
 * @param scratch a folder for what it makes, removed by the caller
 * @param onPart called with the name of each part before it starts
 */
export async function benchmark(
  source: Source,
  scratch: string,
  size: BenchSize,
  parts: readonly PartName[],
  onPart: (name: string) => void,
): Promise<Row[]> {
  onPart('preparing');
  const repeated = await repeatInput(source, join(scratch, 'input'), size.images);
  const input = await prepareInput(repeated, recipeOf(size.images), join(scratch, 'work'));
  const peer = await openPeer(input, scratch);
  const bench: Bench = { source, input, peer, scratch, size };
  const rows: Row[] = [];
  for (const name of parts) {
    onPart(name);
    rows.push(...(await PARTS[name](bench)));
  }
  return rows;
}
