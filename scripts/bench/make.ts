import { join } from 'node:path';
import type { Bench } from './bench.js';
import { type BenchInput, prepareInput, recipeOf, repeatInput } from './input.js';
import { inNode, type Job, measure, type Measured } from './measure.js';
import { compareMemory, compareRates, type Row } from './row.js';

/** How fast XML is read: parsed, paired with its image, sorted and written. */
export async function benchIndex({ source, input, scratch, size }: Bench): Promise<Row[]> {
  const many = await repeatInput(source, join(scratch, 'many'), size.xmlFiles);
  const { index } = await measure(
    { index: inNode('index', { ...many, recipe: input.recipe }) },
    { scratch, repeats: size.repeats },
  );
  return [{ what: 'index, XML files', run: index, aim: { of: 'rate', atLeast: 8_000 } }];
}

/** How fast images are drawn and laid out. */
export async function benchPlan({ input, scratch, size }: Bench): Promise<Row[]> {
  const { plan } = await measure(
    { plan: inNode('plan', { recipe: recipeOf(size.planRows), pool: input.pool }) },
    { scratch, repeats: size.repeats },
  );
  return [{ what: 'plan, rows', run: plan, aim: { of: 'rate', atLeast: 50_000 } }];
}

/** Extraction against decoding alone, against itself in one thread, and against Pillow. */
export async function benchExtract({ input, peer, scratch, size }: Bench): Promise<Row[]> {
  const { recipe, index } = input;
  const { two, one, decode, pillow } = await measure(
    {
      two: inNode('extract', { recipe, index, jobs: 2 }),
      decode: inNode('decode', { index, jobs: 2 }),
      one: inNode('extract', { recipe, index, jobs: 1 }),
      pillow: peer?.extract,
    },
    { scratch, repeats: size.repeats },
  );
  const what = 'extract, 2 threads';
  return [
    compareRates(what, two, 'decoding alone, whole images', decode, 0.95),
    compareRates(what, two, '1 thread', one, 1.7),
    compareRates(what, two, peer ? '2 processes of Pillow' : 'Pillow: not present', pillow, 1),
    { what: 'extract, 1 thread', run: one },
    { what: 'decoding alone, 2 threads', run: decode },
  ];
}

/** Composing against encoding alone, against itself in one thread, and against Pillow. */
export async function benchCompose(bench: Bench): Promise<Row[]> {
  return [...(await benchPng(bench)), ...(await benchJpeg(bench))];
}

async function benchPng(bench: Bench): Promise<Row[]> {
  const { peer, scratch, size } = bench;
  const { two, encode, one, sharp, pillow, pillowFast } = await measure(
    {
      two: compose(bench, 'png', 2),
      encode: encodeAlone(bench, 'png', 'patchml'),
      one: compose(bench, 'png', 1),
      sharp: encodeAlone(bench, 'png', 'sharp'),
      pillow: peer?.compose('png'),
      pillowFast: peer?.compose('png-fast'),
    },
    { scratch, repeats: size.repeats, keep: true },
  );
  const what = 'compose PNG, 2 threads';
  const [asItComes, fast] = peer
    ? ['2 processes of Pillow, level 6', '2 processes of Pillow, level 1']
    : ['Pillow: not present', 'Pillow: not present'];
  return [
    compareRates(what, two, 'encoding alone, same encoder', encode, 0.7),
    compareRates(what, two, "encoding alone, sharp's PNG", sharp),
    compareRates(what, two, '1 thread', one, 1.7),
    compareRates(what, two, asItComes, pillow, 3),
    compareRates(what, two, fast, pillowFast),
    { what: 'compose PNG, 1 thread', run: one },
  ];
}

async function benchJpeg(bench: Bench): Promise<Row[]> {
  const { peer, scratch, size } = bench;
  const { two, encode, one, pillow } = await measure(
    {
      two: compose(bench, 'jpeg', 2),
      encode: encodeAlone(bench, 'jpeg', 'patchml'),
      one: compose(bench, 'jpeg', 1),
      pillow: peer?.compose('jpeg'),
    },
    { scratch, repeats: size.repeats, keep: true },
  );
  const what = 'compose JPEG, 2 threads';
  return [
    compareRates(what, two, 'encoding alone, same encoder', encode),
    compareRates(what, two, '1 thread', one, 1.7),
    compareRates(what, two, peer ? '2 processes of Pillow' : 'Pillow: not present', pillow, 1),
    { what: 'compose JPEG, 1 thread', run: one },
  ];
}

function compose({ input, size }: Bench, format: 'png' | 'jpeg', jobs: number): Job {
  const { pool, plan } = input;
  return inNode('compose', { recipe: recipeOf(size.images, format), pool, plan, jobs });
}

function encodeAlone(
  { input, size }: Bench,
  format: 'png' | 'jpeg',
  encoder: 'patchml' | 'sharp',
): Job {
  const { pool, plan } = input;
  const images = Math.ceil(size.images / 2);
  return inNode('encode', {
    recipe: recipeOf(size.images, format),
    pool,
    plan,
    encoder,
    images,
    jobs: 2,
  });
}

/** Peak memory at ten times the images, by itself and against that at one time. */
export async function benchMemory({ source, input, scratch, size }: Bench): Promise<Row[]> {
  const images = 10 * size.images;
  const repeated = await repeatInput(source, join(scratch, 'tenfold'), images);
  const tenfold = await prepareInput(repeated, recipeOf(images), join(scratch, 'tenfold-work'));
  const runs = await measure(
    {
      extractOnce: extractAll(input),
      extractTenfold: extractAll(tenfold),
      composeOnce: composeAll(input),
      composeTenfold: composeAll(tenfold),
    },
    { scratch, repeats: size.memoryRepeats },
  );
  return [
    ...toRows(`extract, ${images} images`, runs.extractTenfold, runs.extractOnce),
    ...toRows(`compose PNG, ${images} images`, runs.composeTenfold, runs.composeOnce),
  ];
}

function extractAll({ recipe, index }: BenchInput): ReturnType<typeof inNode> {
  return inNode('extract', { recipe, index, jobs: 2 });
}

function composeAll({ recipe, pool, plan }: BenchInput): ReturnType<typeof inNode> {
  return inNode('compose', { recipe, pool, plan, jobs: 2 });
}

function toRows(what: string, tenfold: Measured, once: Measured): Row[] {
  return [
    compareMemory(what, tenfold, once, 1.1),
    { what, run: tenfold, aim: { of: 'memory', atMost: 500 } },
  ];
}
