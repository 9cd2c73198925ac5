import { join } from 'node:path';
import type { Bench } from './bench.js';
import { type BenchInput, prepareInput, recipeOf, repeatInput } from './input.js';
import { inNode, type Job, measure, type Measured } from './measure.js';
import { compareMemory, comparePeer, compareRates, type Row } from './row.js';

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
export async function benchExtract({ input, peers, scratch, size }: Bench): Promise<Row[]> {
  const { recipe, index } = input;
  const { two, one, decode, pillow } = await measure(
    {
      two: inNode('extract', { recipe, index, jobs: 2 }),
      pillow: peers.extract,
      one: inNode('extract', { recipe, index, jobs: 1 }),
      decode: inNode('decode', { index, jobs: 2 }),
    },
    { scratch, repeats: size.repeats },
  );
  const what = 'extract, 2 threads';
  return [
    comparePeer(what, two, { 'two processes of Pillow': pillow }, 1.5),
    compareRates(what, two, '1 thread', one, 1.8),
    compareRates(what, two, 'decoding whole images in sharp, alone', decode),
    { what: 'extract, 1 thread', run: one },
    { what: 'decoding alone, 2 threads', run: decode },
  ];
}

/** Composing against encoding alone, against itself in one thread, and against Pillow. */
export async function benchCompose(bench: Bench): Promise<Row[]> {
  return [...(await benchPng(bench)), ...(await benchJpeg(bench))];
}

async function benchPng(bench: Bench): Promise<Row[]> {
  const { peers, scratch, size } = bench;
  const { two, encode, one, sharp, pillow } = await measure(
    {
      two: compose(bench, 'png', 2),
      pillow: peers.compose?.('png'),
      one: compose(bench, 'png', 1),
      encode: encodeAlone(bench, 'png', 'patchml'),
      sharp: encodeAlone(bench, 'png', 'sharp'),
    },
    { scratch, repeats: size.repeats, keep: true },
  );
  const what = 'compose PNG, 2 threads';
  return [
    comparePeer(what, two, { 'two processes of Pillow, level 6': pillow }, 4),
    compareRates(what, two, '1 thread', one, 1.7),
    compareRates(what, two, 'encoding alone, same encoder', encode),
    compareRates(what, two, "encoding alone, sharp's PNG", sharp),
    { what: 'compose PNG, 1 thread', run: one },
  ];
}

async function benchJpeg(bench: Bench): Promise<Row[]> {
  const { peers, scratch, size } = bench;
  const { two, encode, one, pillow } = await measure(
    {
      two: compose(bench, 'jpeg', 2),
      pillow: peers.compose?.('jpeg'),
      one: compose(bench, 'jpeg', 1),
      encode: encodeAlone(bench, 'jpeg', 'patchml'),
    },
    { scratch, repeats: size.repeats, keep: true },
  );
  const what = 'compose JPEG, 2 threads';
  return [
    comparePeer(what, two, { 'two processes of Pillow': pillow }, 1.5),
    compareRates(what, two, '1 thread', one, 1.7),
    compareRates(what, two, 'encoding alone, same encoder', encode),
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
    { scratch, repeats: 1 }, // a peak hardly differs from run to run, and a run is long
  );
  return [
    ...toRows(`extract, ${images} images`, runs.extractTenfold, runs.extractOnce, 400),
    ...toRows(`compose PNG, ${images} images`, runs.composeTenfold, runs.composeOnce, 500),
  ];
}

function extractAll({ recipe, index }: BenchInput): ReturnType<typeof inNode> {
  return inNode('extract', { recipe, index, jobs: 2 });
}

function composeAll({ recipe, pool, plan }: BenchInput): ReturnType<typeof inNode> {
  return inNode('compose', { recipe, pool, plan, jobs: 2 });
}

/** @param mostMb that may be taken */
function toRows(what: string, tenfold: Measured, once: Measured, mostMb: number): Row[] {
  return [
    compareMemory(what, tenfold, once, 1.1),
    { what, run: tenfold, aim: { of: 'memory', atMost: mostMb } },
  ];
}
