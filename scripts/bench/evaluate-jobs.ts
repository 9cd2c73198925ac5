import { resolve } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ImageReader } from '../../src/imagenet/image-reader.js';
import {
  choosePreprocessing,
  type EvaluationSet,
  type EvaluationSetInput,
  openEvaluationSet,
  openPredictions,
  parseModelCard,
  predict,
  scorePredictions,
} from '../../src/index.js';
import type { ModelCard } from '../../src/models/card.js';
import { newValues, openPreprocessor, valuesPerImage } from '../../src/models/preprocess.js';
import { openLogitsFile } from '../../src/models/logits-file.js';
import { openModelSession } from '../../src/models/session.js';
import { openGenerator } from '../../src/random.js';

export interface EvaluateArgument {
  /** The ONNX file: a classifier of 224 x 224 with torchvision's preprocessing. */
  model: string;
  set: EvaluationSetInput;
  batch: number;
  /** Threads of the session, and as many workers. */
  jobs: number;
}

/** Predicting a whole set: opening the model, preparing the images, running and writing. */
export async function evaluateJob(
  { model, set: input, batch, jobs }: EvaluateArgument,
  work: string,
) {
  const card = cardOf(model);
  const set = await openEvaluationSet(input);
  const preprocessing = choosePreprocessing(card, set);
  return async () => {
    await predict({ card, set, preprocessing, work }, { batch, jobs });
    return set.ids.length;
  };
}

/**
 * The limit of evaluate: running the model on as many images, which are prepared already.
 * @param options asItComes: without the options that evaluate gives a session
 */
export async function sessionJob({
  asItComes,
  model,
  set: input,
  batch,
  jobs,
}: EvaluateArgument & { asItComes: boolean }) {
  const card = cardOf(model);
  const set = await openEvaluationSet(input);
  const prepared = await prepareBatches(card, input, batch);
  const run = asItComes ? await openPlain(card, jobs) : await openOwn(card, jobs);
  return async () => {
    const runs = Math.ceil(set.ids.length / batch);
    for (let i = 0; i < runs; i += 1) await run(prepared[i % prepared.length]!, batch);
    return runs * batch;
  };
}

type RunBatch = (values: Float32Array, images: number) => Promise<unknown>;

async function openOwn(card: ModelCard, threads: number): Promise<RunBatch> {
  const { run } = await openModelSession(card, { threads });
  return run;
}

async function openPlain({ model }: ModelCard, threads: number): Promise<RunBatch> {
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: threads,
    logSeverityLevel: 4,
  });
  const [name] = session.inputNames;
  const run: RunBatch = (values, images) =>
    session.run({ [name!]: new Tensor('float32', values, [images, 3, 224, 224]) });
  await run(new Float32Array(3 * 224 * 224), 1);
  return run;
}

const DIFFERENT = 64;

async function prepareBatches(
  card: ModelCard,
  input: EvaluationSetInput,
  batch: number,
): Promise<Float32Array[]> {
  const set = await openEvaluationSet(input);
  const { path, places } = set.images!;
  const reader = new ImageReader(path);
  const preprocess = openPreprocessor(choosePreprocessing(card, set), 'float32');
  const length = valuesPerImage(card.input);
  return Promise.all(
    Array.from({ length: Math.ceil(DIFFERENT / batch) }, async (_, at) => {
      const values = newValues('float32', batch * length) as Float32Array;
      for (let i = 0; i < batch; i += 1) {
        const bytes = await reader.read(places[(at * batch + i) % places.length]!);
        await preprocess(bytes, values.subarray(i * length));
      }
      return values;
    }),
  );
}

function cardOf(model: string): ModelCard {
  const fields = {
    name: 'bench',
    model: resolve(model),
    input: {
      size: 224,
      layout: 'NCHW',
      channels: 'RGB',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
    resize: {
      mode: 'shorter-side',
      interpolation: 'bilinear',
      antialias: true,
      cropFraction: 0.875,
    },
    classes: 'imagenet-1k',
    output: { kind: 'logits' },
  };
  return parseModelCard(fields, 'bench');
}

export interface ScoreArgument {
  /** Logits that `writeLogits` made. */
  logits: string;
  images: number;
  /** How many times they are scored, one after the other. */
  sets: number;
}

const CLASSES = 1000;

/** Scoring logits under ReaL-like labels, with 1,000 resamples. */
export function scoreJob({ logits, images, sets }: ScoreArgument) {
  const set = makeSet(images);
  return Promise.resolve(async () => {
    for (let i = 0; i < sets; i += 1) {
      const source = await openPredictions(logits);
      await scorePredictions({ source, set });
    }
    return sets * images;
  });
}

/** Writes `logits.npy` into a folder, with values that are made up: a bell for each class, and higher for most of the labels. */
export async function writeLogits(folder: string, images: number): Promise<void> {
  const random = openGenerator('bench/logits');
  const file = await openLogitsFile(folder);
  for (const labels of makeSet(images).labels) {
    const row = new Float32Array(CLASSES);
    for (let c = 0; c < CLASSES; c += 1) row[c] = 4 * (random() + random() + random() - 1.5);
    for (const label of labels) if (random() < 0.8) row[label]! += 4 + 4 * random();
    await file.add(row, []);
  }
  await file.finish();
}

/** ReaL's images by their number of labels, 0 to 9. */
const REAL_COUNTS = [3_163, 39_394, 5_408, 1_319, 411, 161, 88, 41, 13, 2];

function makeSet(images: number): EvaluationSet {
  const random = openGenerator('bench/labels');
  const counts = REAL_COUNTS.flatMap((many, k) => Array<number>(many).fill(k));
  const labels = Array.from({ length: images }, () => {
    const k = counts[Math.floor(random() * counts.length)]!;
    return Array.from({ length: k }, () => Math.floor(random() * CLASSES));
  });
  return {
    name: 'bench',
    kind: 'imagenet',
    ids: labels.map((_, image) => String(image)),
    images: undefined,
    originals: labels.map(([first = 0]) => first),
    labels,
    rule: 'real',
    digest: '',
    leftOut: {},
  };
}
