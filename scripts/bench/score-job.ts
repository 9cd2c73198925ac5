import {
  alignPredictions,
  type EvaluationSet,
  openPredictions,
  scorePredictions,
} from '../../src/index.js';
import { openScoreFile } from '../../src/models/score-file.js';
import { openGenerator } from '../../src/random.js';

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
      await scorePredictions(source, alignPredictions(source, set), set);
    }
    return sets * images;
  });
}

/** Writes `logits.npy` into a folder, with values that are made up: a bell for each class, and higher for most of the labels. */
export async function writeLogits(folder: string, images: number): Promise<void> {
  const random = openGenerator('bench/logits');
  const file = await openScoreFile(folder);
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
