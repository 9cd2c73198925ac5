import { join } from 'node:path';
import type { Bench } from './benchmark.js';
import { type BenchInput, prepareInput, recipeOf, repeatInput } from './input.js';
import { inNode, measure, type Measured } from './measure.js';
import { compareMemory, type Row } from './row.js';

/** Peak memory at ten times the images, by itself and against that at one time. */
export async function benchMemory({ source, input, scratch, size }: Bench): Promise<Row[]> {
  const images = 10 * size.images;
  const repeated = await repeatInput(source, join(scratch, 'tenfold'), images);
  const tenfold = await prepareInput(repeated, recipeOf(images), join(scratch, 'tenfold-work'));
  const runs = await measure(
    {
      extractOnce: extract(input),
      extractTenfold: extract(tenfold),
      composeOnce: compose(input),
      composeTenfold: compose(tenfold),
    },
    { scratch, repeats: size.memoryRepeats },
  );
  return [
    ...toRows(`extract, ${images} images`, runs.extractTenfold, runs.extractOnce),
    ...toRows(`compose PNG, ${images} images`, runs.composeTenfold, runs.composeOnce),
  ];
}

function extract({ recipe, index }: BenchInput): ReturnType<typeof inNode> {
  return inNode('extract', { recipe, index, jobs: 2 });
}

function compose({ recipe, pool, plan }: BenchInput): ReturnType<typeof inNode> {
  return inNode('compose', { recipe, pool, plan, jobs: 2 });
}

function toRows(what: string, tenfold: Measured, once: Measured): Row[] {
  return [
    compareMemory(what, tenfold, once, 1.1),
    { what, run: tenfold, aim: { of: 'memory', atMost: 500 } },
  ];
}
