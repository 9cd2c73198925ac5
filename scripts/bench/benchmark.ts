import { join } from 'node:path';
import type { RecipeInput } from '../../src/index.js';
import { type BenchInput, prepareInput, repeatInput } from './input.js';
import { type Job, measure, rateOf, type Run } from './measure.js';
import { openPeer } from './peer.js';

/** How much work a size is. */
export interface BenchSize {
  /** Images extracted, and images composed. */
  images: number;
  xmlFiles: number;
  planRows: number;
  /** The median of so many runs is told. */
  repeats: number;
}

export const SIZES: Record<'small' | 'full', BenchSize> = {
  small: { images: 300, xmlFiles: 3_000, planRows: 10_000, repeats: 1 },
  full: { images: 3_000, xmlFiles: 20_000, planRows: 50_000, repeats: 5 },
};

/** One line of the table. */
export interface Row {
  what: string;
  run?: Run;
  rate?: number;
  /** What the ratio is to. */
  against?: string;
  ratio?: number;
  aim?: string;
}

/** Measures all stages. @param scratch a folder for what it makes, removed by the caller */
export async function benchmark(
  source: { annotations: string; images: string },
  scratch: string,
  size: BenchSize,
): Promise<Row[]> {
  const repeated = await repeatInput(source, join(scratch, 'input'), size.images);
  const input = await prepareInput(repeated, recipeOf(size.images), join(scratch, 'work'));
  return [
    ...(await benchIndexAndPlan(source, input, scratch, size)),
    ...(await benchExtract(input, scratch, size)),
    ...(await benchCompose(input, scratch, size)),
    ...(await benchVerify(input, scratch, size)),
    ...(await benchMemory(source, input, scratch, size)),
  ];
}

async function benchIndexAndPlan(
  source: { annotations: string; images: string },
  input: BenchInput,
  scratch: string,
  { xmlFiles, planRows, repeats }: BenchSize,
): Promise<Row[]> {
  const many = await repeatInput(source, join(scratch, 'many'), xmlFiles);
  const { index, plan } = await measure(
    {
      index: { name: 'index', argument: { ...many, recipe: input.recipe, scratch } },
      plan: { name: 'plan', argument: { recipe: recipeOf(planRows), pool: input.pool, scratch } },
    },
    repeats,
  );
  return [
    { what: 'index, XML files', run: index, rate: rateOf(index), aim: '8,000/s' },
    { what: 'plan, rows', run: plan, rate: rateOf(plan), aim: '50,000/s' },
  ];
}

async function benchExtract(
  input: BenchInput,
  scratch: string,
  { repeats }: BenchSize,
): Promise<Row[]> {
  const extractWith = (jobs: number): Job => ({
    name: 'extract',
    argument: { recipe: input.recipe, index: input.index, scratch, jobs },
  });
  const { two, one, decode } = await measure(
    {
      two: extractWith(2),
      one: extractWith(1),
      decode: { name: 'decode', argument: { images: input.images, jobs: 2 } },
    },
    repeats,
  );
  const peer = await (await openPeer(input, scratch))?.extract();
  return [
    { what: 'extract, 2 threads', run: two, ...ratio(two, decode, 'decoding alone'), aim: '0.95' },
    { what: 'extract, 2 threads', ...ratio(two, one, '1 thread'), aim: '1.7' },
    { what: 'extract, 2 threads', ...toPeer(two, peer), aim: '1.0' },
    { what: 'decoding alone, 2 threads', run: decode, rate: rateOf(decode) },
  ];
}

async function benchCompose(
  input: BenchInput,
  scratch: string,
  { images, repeats }: BenchSize,
): Promise<Row[]> {
  const compose = (format: 'png' | 'jpeg', jobs: number): Job => ({
    name: 'compose',
    argument: { ...input, recipe: recipeOf(images, format), scratch, jobs },
  });
  const encode = (format: 'png' | 'jpeg', encoder: 'patchml' | 'sharp'): Job => ({
    name: 'encode',
    argument: { ...input, recipe: recipeOf(images, format), encoder, images: images / 2, jobs: 2 },
  });
  const runs = await measure(
    {
      png: compose('png', 2),
      pngEncode: encode('png', 'patchml'),
      sharpEncode: encode('png', 'sharp'),
      pngOne: compose('png', 1),
      jpeg: compose('jpeg', 2),
      jpegEncode: encode('jpeg', 'patchml'),
    },
    repeats,
  );
  const { png, pngEncode, sharpEncode, pngOne, jpeg, jpegEncode } = runs;
  const peer = await openPeer(input, scratch);
  const [pngPeer, jpegPeer] = [await peer?.compose('png'), await peer?.compose('jpeg')];
  const [pngWhat, jpegWhat] = ['compose PNG, 2 threads', 'compose JPEG, 2 threads'];
  return [
    {
      what: pngWhat,
      run: png,
      ...ratio(png, sharpEncode, "sharp's PNG encoding alone"),
      aim: '0.7',
    },
    { what: pngWhat, ...ratio(png, pngEncode, "patchml's PNG encoding alone"), aim: '0.7' },
    { what: pngWhat, ...ratio(png, pngOne, '1 thread'), aim: '1.7' },
    { what: pngWhat, ...toPeer(png, pngPeer), aim: '3' },
    { what: jpegWhat, run: jpeg, ...ratio(jpeg, jpegEncode, 'JPEG encoding alone') },
    { what: jpegWhat, ...toPeer(jpeg, jpegPeer), aim: '1.0' },
  ];
}

async function benchVerify(
  input: BenchInput,
  scratch: string,
  { repeats }: BenchSize,
): Promise<Row[]> {
  const { composeDataset, parseRecipe } = await import('../../src/index.js');
  const dataset = join(scratch, 'verified');
  const recipe = parseRecipe(input.recipe);
  await composeDataset({ recipe, pool: input.pool, plan: input.plan, out: dataset });
  const { verify, hash } = await measure(
    {
      verify: { name: 'verify', argument: { dataset } },
      hash: { name: 'hash', argument: { dataset } },
    },
    repeats,
  );
  return [
    {
      what: 'verify, files',
      run: verify,
      ...ratio(verify, hash, 'reading and hashing alone'),
      aim: '0.7',
    },
  ];
}

async function benchMemory(
  source: { annotations: string; images: string },
  input: BenchInput,
  scratch: string,
  { images }: BenchSize,
): Promise<Row[]> {
  const many = await repeatInput(source, join(scratch, 'tenfold'), 10 * images);
  const tenfold = await prepareInput(many, recipeOf(10 * images), join(scratch, 'tenfold-work'));
  const jobs = (from: BenchInput): Record<'extract' | 'compose', Job> => ({
    extract: { name: 'extract', argument: { ...from, scratch, jobs: 2 } },
    compose: { name: 'compose', argument: { ...from, scratch, jobs: 2 } },
  });
  const once = await measure(jobs(input), 1);
  const more = await measure(jobs(tenfold), 1);
  const row = (stage: 'extract' | 'compose'): Row => ({
    what: `${stage}, 10 times the images`,
    run: more[stage],
    rate: rateOf(more[stage]),
    against: `peak MB of 1 time (${Math.round(once[stage].rssMb)})`,
    ratio: more[stage].rssMb / once[stage].rssMb,
    aim: '1.1, 500 MB',
  });
  return [row('extract'), row('compose')];
}

function recipeOf(images: number, format: 'png' | 'jpeg' = 'png'): RecipeInput {
  return { name: 'bench', sampling: { counts: { 4: images } }, encode: { format } };
}

function ratio(
  run: Run,
  limit: Run,
  against: string,
): Required<Pick<Row, 'rate' | 'against' | 'ratio'>> {
  return { rate: rateOf(run), against, ratio: rateOf(run) / rateOf(limit) };
}

function toPeer(run: Run, peer: number | undefined): Pick<Row, 'rate' | 'against' | 'ratio'> {
  if (peer === undefined) return { rate: rateOf(run), against: 'Pillow: not present' };
  const against = `2 processes of Pillow (${Math.round(peer)}/s)`;
  return { rate: rateOf(run), against, ratio: rateOf(run) / peer };
}
