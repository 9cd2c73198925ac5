import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvaluationSetInput } from '../../src/index.js';
import { type Bench, composed } from './bench.js';
import { type EvaluateArgument, writeLogits } from './evaluate-jobs.js';
import { inNode, measure } from './measure.js';
import { compareMemory, compareRates, type Row } from './row.js';

/** Quantised by fixed ranges; and by those of each batch, so that batches are of one image. */
const STATIC = { name: 'static int8', file: 'mobilenetv2_quant_static.onnx', batch: 16 };
const DYNAMIC = { name: 'dynamic int8', file: 'mobilenetv2_quant.onnx', batch: 1 };
type Model = typeof STATIC;

const MODELS = join('..', 'shared', 'models');
const JOBS = 2;

/** Evaluating against running the model alone, and its memory at ten times the images. */
export async function benchEvaluate(bench: Bench): Promise<Row[]> {
  const few = await composed(bench, bench.size.evaluated / 4);
  const rows: Row[] = [];
  if (isThere(STATIC)) {
    const dataset = await composed(bench, bench.size.evaluated);
    rows.push(...(await benchModel(bench, STATIC, 'PNG', { dataset }, 0.9)));
    rows.push(...(await benchModel(bench, STATIC, 'JPEG', await listJpegs(bench), 0.75)));
    rows.push(await benchMemory(bench, few));
  }
  if (isThere(DYNAMIC)) {
    rows.push(...(await benchModel(bench, DYNAMIC, 'PNG', { dataset: few }, 0.9)));
  }
  return rows;
}

async function benchModel(
  { scratch, size }: Bench,
  model: Model,
  format: string,
  set: EvaluationSetInput,
  aim: number,
): Promise<Row[]> {
  const argument = argumentOf(model, set);
  const { evaluate, session, plain } = await measure(
    {
      evaluate: inNode('evaluate', argument),
      session: inNode('session', { ...argument, asItComes: false }),
      plain: inNode('session', { ...argument, asItComes: true }),
    },
    { scratch, repeats: size.memoryRepeats },
  );
  const what = `evaluate ${format}, ${model.name}, batch ${model.batch}`;
  return [
    compareRates(what, evaluate, 'session.run alone', session, aim),
    compareRates(what, evaluate, 'session.run alone, threads spin', plain),
    { what: `session.run alone, ${model.name}`, run: session },
  ];
}

async function benchMemory(bench: Bench, few: string): Promise<Row> {
  const { scratch, size } = bench;
  const images = 2.5 * size.evaluated;
  const many = await composed(bench, images);
  const { once, tenfold } = await measure(
    {
      once: inNode('evaluate', argumentOf(STATIC, { dataset: few })),
      tenfold: inNode('evaluate', argumentOf(STATIC, { dataset: many })),
    },
    { scratch, repeats: 1 },
  );
  return compareMemory(`evaluate PNG, ${images} images`, tenfold, once, 1.1);
}

function argumentOf({ file, batch }: Model, set: EvaluationSetInput): EvaluateArgument {
  return { model: join(MODELS, file), set, batch, jobs: JOBS };
}

/** The source's own images, whole; what their labels are takes no time. */
async function listJpegs({ input, scratch, size }: Bench): Promise<EvaluationSetInput> {
  const files = (await readdir(input.images)).slice(0, size.evaluated);
  const labels = join(scratch, 'labels.json');
  await writeFile(labels, JSON.stringify(Object.fromEntries(files.map((file) => [file, 0]))));
  return { images: input.images, labels };
}

function isThere({ file }: Model): boolean {
  const path = join(MODELS, file);
  if (existsSync(path)) return true;
  console.error(`evaluate: left out, as there is no ${path}`);
  return false;
}

/** 50,000 images in 10 s. */
const RATE = 5_000;

/** How fast predictions made elsewhere are scored, and that a second file takes what the first took. */
export async function benchScore({ scratch, size }: Bench): Promise<Row[]> {
  const images = size.scored;
  const logits = join(scratch, 'logits.npy');
  await writeLogits(scratch, images);
  const { one, two } = await measure(
    {
      one: inNode('score', { logits, images, sets: 1 }),
      two: inNode('score', { logits, images, sets: 2 }),
    },
    { scratch, repeats: size.memoryRepeats },
  );
  return [
    { what: `score, ${images} x 1,000`, run: one, aim: { of: 'rate', atLeast: RATE } },
    { what: `score, ${images} x 1,000`, run: one, aim: { of: 'memory', atMost: 600 } },
    compareRates('score, two files', two, 'one file', one, 0.9),
    compareMemory('score, two files', two, one, 1.1),
  ];
}
