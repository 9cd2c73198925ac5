import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageReader } from '../../src/imagenet/image-reader.js';
import {
  choosePreprocessing,
  type EvaluationSet,
  type EvaluationSetInput,
  loadModelCard,
  openEvaluationSet,
  openPredictions,
  predict,
  scorePredictions,
} from '../../src/index.js';
import type { ModelCard } from '../../src/models/card.js';
import { newValues, openPreprocessor, valuesPerImage } from '../../src/models/preprocess.js';
import { LOGITS_FILE, openLogitsFile } from '../../src/models/logits-file.js';
import { openModelSession } from '../../src/models/session.js';
import { openGenerator } from '../../src/random.js';

export interface EvaluateArgument {
  /** The model's card. */
  card: string;
  set: EvaluationSetInput;
  batch: number;
  /** Worker threads. */
  jobs: number;
}

/** Predicting a whole set: opening the model, preparing the images, running and writing. */
export async function evaluateJob(
  { card: path, set: input, batch, jobs }: EvaluateArgument,
  work: string,
) {
  const card = await loadModelCard(path);
  const set = await openEvaluationSet(input);
  const preprocessing = choosePreprocessing(card, set);
  return async () => {
    await predict({ card, set, preprocessing, work }, { batch, jobs });
    return set.ids.length;
  };
}

/** A limit of evaluate: running the model on as many images, which are prepared already, in one session. */
export async function sessionJob({ card: path, set: input, batch, jobs }: EvaluateArgument) {
  const card = await loadModelCard(path);
  const set = await openEvaluationSet(input);
  const prepared = await prepareBatches(card, input, batch);
  const { run } = await openModelSession(card, { threads: jobs });
  return async () => {
    const runs = Math.ceil(set.ids.length / batch);
    for (let i = 0; i < runs; i += 1) await run(prepared[i % prepared.length]!, batch);
    return runs * batch;
  };
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
        const bytes = reader.read(places[(at * batch + i) % places.length]!);
        await preprocess(bytes, values.subarray(i * length));
      }
      return values;
    }),
  );
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

/** What a scorer is given. */
export interface MadeScores {
  /** `logits.npy`, [images x 1,000]. */
  logits: string;
  /** JSON: the classes of each image, and the original one. */
  labels: string;
  originals: string;
}

/** Makes logits, a bell for each class and higher for most of the labels, and the labels of {@link scoreJob}. */
export async function writeLogits(folder: string, images: number): Promise<MadeScores> {
  const random = openGenerator('bench/logits');
  const file = await openLogitsFile(folder);
  const set = makeSet(images);
  for (const labels of set.labels) {
    const row = new Float32Array(CLASSES);
    for (let c = 0; c < CLASSES; c += 1) row[c] = 4 * (random() + random() + random() - 1.5);
    for (const label of labels) if (random() < 0.8) row[label]! += 4 + 4 * random();
    await file.add(row, []);
  }
  await file.finish();
  const [labels, originals] = [join(folder, 'classes.json'), join(folder, 'originals.json')];
  await writeFile(labels, JSON.stringify(set.labels));
  await writeFile(originals, JSON.stringify(set.originals));
  return { logits: join(folder, LOGITS_FILE), labels, originals };
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
