import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  choosePreprocessing,
  type EvaluationSetInput,
  loadModelCard,
  openEvaluationSet,
} from '../../src/index.js';
import { type Bench, composed } from './bench.js';
import { type EvaluateArgument, writeLogits } from './evaluate-jobs.js';
import { inNode, type Job, measure } from './measure.js';
import type { Peers } from './peer.js';
import { compareMemory, comparePeer, compareRates, type Row } from './row.js';

interface Model {
  name: string;
  card: string;
  batch: number;
}

const STATIC: Model = { name: 'static int8', card: 'mobilenetv2_quant_static.yaml', batch: 16 };
const FLOAT: Model = { name: 'float32', card: 'efficientnet-lite0.yaml', batch: 16 };
/** Quantised by the range of each batch, so that batches are of one image. */
const DYNAMIC: Model = { name: 'dynamic int8', card: 'mobilenetv2_quant.yaml', batch: 1 };

const MODELS = join('..', 'shared', 'models');
const JOBS = 2;
/** At least so many times the rate of the peer. */
const AIM = 1.15;

/** Evaluating against onnxruntime and Pillow in Python, against running the model alone, and its memory. */
export async function benchEvaluate(bench: Bench): Promise<Row[]> {
  const few = await composed(bench, bench.size.evaluated / 4);
  const rows: Row[] = [];
  if (isThere(STATIC)) {
    const jpegs = await listJpegs(bench);
    const dataset = await composed(bench, bench.size.evaluated);
    rows.push(...(await benchPeer(bench, STATIC, 'full-size JPEG', jpegs)));
    if (isThere(FLOAT)) rows.push(...(await benchPeer(bench, FLOAT, 'full-size JPEG', jpegs)));
    rows.push(...(await benchPeer(bench, STATIC, 'PatchML PNG', { dataset })));
    rows.push(...(await benchAlone(bench, STATIC, { dataset: few })));
    rows.push(await benchMemory(bench, few));
  }
  if (isThere(DYNAMIC)) rows.push(...(await benchAlone(bench, DYNAMIC, { dataset: few })));
  return rows;
}

async function benchPeer(
  { scratch, size, peers }: Bench,
  model: Model,
  format: string,
  set: EvaluationSetInput,
): Promise<Row[]> {
  const { evaluate, waits, spins } = await measure(
    {
      evaluate: inNode('evaluate', argumentOf(model, set)),
      waits: await peerOf(peers, model, set, false),
      spins: await peerOf(peers, model, set, true),
    },
    { scratch, repeats: size.modelRepeats },
  );
  const what = `evaluate ${format}, ${model.name}`;
  const both = {
    'onnxruntime and Pillow, threads wait': waits,
    'onnxruntime and Pillow, threads spin': spins,
  };
  return [comparePeer(what, evaluate, both, AIM)];
}

/** @param spins both of onnxruntime's settings are measured, and the better one counts */
async function peerOf(
  { evaluate }: Peers,
  { card: name, batch }: Model,
  input: EvaluationSetInput,
  spins: boolean,
): Promise<Job | undefined> {
  if (evaluate === undefined) return undefined;
  const card = await loadModelCard(join(MODELS, name));
  const set = await openEvaluationSet(input);
  const { resize } = choosePreprocessing(card, set);
  const { scale, mean, std } = card.input;
  const { path, places } = set.images!;
  return evaluate({
    model: card.model,
    images: places.map(({ file }) => join(path, file)),
    batch,
    spins,
    resize:
      resize.mode === 'squash'
        ? undefined
        : {
            to: Math.floor(224 / resize.cropFraction!),
            filter: resize.interpolation.toUpperCase(),
          },
    scale,
    mean,
    std,
  });
}

async function benchAlone(
  { scratch, size }: Bench,
  model: Model,
  set: EvaluationSetInput,
): Promise<Row[]> {
  const argument = argumentOf(model, set);
  const { evaluate, session } = await measure(
    { evaluate: inNode('evaluate', argument), session: inNode('session', argument) },
    { scratch, repeats: size.modelRepeats },
  );
  const what = `evaluate PatchML PNG, ${model.name}, batches of ${model.batch}`;
  return [compareRates(what, evaluate, 'session.run alone', session)];
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
  return compareMemory(`evaluate, ${images} images`, tenfold, once, 1.1);
}

function argumentOf({ card, batch }: Model, set: EvaluationSetInput): EvaluateArgument {
  return { card: join(MODELS, card), set, batch, jobs: JOBS };
}

/** The source's own images, whole; what their labels are takes no time. */
async function listJpegs({ input, scratch, size }: Bench): Promise<EvaluationSetInput> {
  const files = (await readdir(input.images)).slice(0, size.evaluated);
  const labels = join(scratch, 'labels.json');
  await writeFile(labels, JSON.stringify(Object.fromEntries(files.map((file) => [file, 0]))));
  return { images: input.images, labels };
}

function isThere({ card }: Model): boolean {
  const path = join(MODELS, card);
  if (existsSync(path)) return true;
  console.error(`evaluate: left out, as there is no ${path}`);
  return false;
}

/** 50,000 images in 5 s. */
const RATE = 10_000;

/**
 * How fast predictions made elsewhere are scored, against scikit-learn and NumPy, and that a second
 * file takes what the first took.
 */
export async function benchScore({ scratch, size, peers }: Bench): Promise<Row[]> {
  const images = size.scored;
  const made = await writeLogits(scratch, images);
  const { logits } = made;
  const { one, peer, two } = await measure(
    {
      one: inNode('score', { logits, images, sets: 1 }),
      peer: peers.score?.(made),
      two: inNode('score', { logits, images, sets: 2 }),
    },
    { scratch, repeats: size.scoreRepeats },
  );
  const what = `score, ${images} x 1,000, 1,000 resamples`;
  return [
    comparePeer(what, one, { 'scikit-learn and NumPy': peer }, 8),
    { what, run: one, aim: { of: 'rate', atLeast: RATE } },
    { what, run: one, aim: { of: 'memory', atMost: 600 } },
    compareRates('score, two such files', two, 'one file', one, 0.9),
    compareMemory('score, two such files', two, one, 1.1),
  ];
}
