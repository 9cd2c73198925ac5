import {
  addScores,
  type AveragePrecision,
  type CountedLogits,
  finishAveragePrecision,
  labelCounts,
  type LabelRanks,
  startAveragePrecision,
} from '../metrics/index.js';
import { mapInWorkers } from '../parallel/workers.js';
import type { PredictionRows } from '../predictions/source.js';
import type { StageOptions } from '../progress.js';
import type { Batch } from './read-rankings.js';

/** What average precision over images is made of beside the scores. */
export interface PrecisionInput {
  ranks: LabelRanks;
  /** Where the scores become probabilities first: the scale of logits is another for each image. */
  logits: CountedLogits | undefined;
}

/** The scores of all images, a second time: the first gave the ranks. */
export interface PrecisionScores {
  batches: AsyncIterable<Batch<PredictionRows>>;
  images: number;
}

/** So few images are counted sooner than a thread begins. */
const FEW_IMAGES = 10_000;

/**
 * Average precision over images, of each class and of all. Images without labels are left out: nobody
 * said that their classes are wrong. Many images are counted in a worker thread, while this one goes
 * on with other work.
 *
 * @param options inWorker: default for 10,000 images and more
 * @throws AbortedError, and what reading the scores throws
 */
export async function classPrecision(
  input: PrecisionInput,
  { batches, images }: PrecisionScores,
  {
    inWorker = images >= FEW_IMAGES,
    signal,
  }: { inWorker?: boolean } & Pick<StageOptions, 'signal'>,
): Promise<AveragePrecision> {
  const free: ScoresPart['rows'][] = [];
  const parts = partsOf(batches, input.ranks.labels.classCount, free);
  const answers = inWorker
    ? mapInWorkers<ScoresPart, CountedPart>(parts, {
        worker: new URL('./precision-worker.js', import.meta.url),
        workerData: input,
        moved: ({ rows }) => [rows.buffer],
        jobs: 1, // which counts them all
        signal,
        stage: 'score',
      })
    : counted(parts, openPrecision(input));
  let found: AveragePrecision | undefined;
  for await (const answer of answers) {
    free.push(answer.rows);
    found = answer.found;
  }
  return found!;
}

async function* counted(
  parts: AsyncIterable<ScoresPart>,
  count: (part: ScoresPart) => CountedPart,
): AsyncGenerator<CountedPart> {
  for await (const part of parts) yield count(part);
}

/** The scores of some images in a row; none are the end. */
export interface ScoresPart {
  /** Memory with the scores at its start; used again once they are counted. */
  rows: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  firstRow: number;
  count: number;
}

/** The memory of a part, and at the end what all parts make. */
export interface CountedPart {
  rows: ScoresPart['rows'];
  found?: AveragePrecision;
}

/** A thread has work for longer than this one goes without looking after it. */
const PART_ROWS = 512;

async function* partsOf(
  batches: AsyncIterable<Batch<PredictionRows>>,
  classCount: number,
  free: ScoresPart['rows'][],
): AsyncGenerator<ScoresPart> {
  for await (const { rows, firstRow, count } of batches) {
    if (rows instanceof Int32Array) continue; // never: only scores have ranks of labels
    for (let row = 0; row < count; row += PART_ROWS) {
      const memory = free.pop() ?? newMemory(rows, PART_ROWS * classCount);
      memory.set(rows.subarray(row * classCount, (row + PART_ROWS) * classCount));
      yield { rows: memory, firstRow: firstRow + row, count: Math.min(PART_ROWS, count - row) };
    }
  }
  yield { rows: new Float32Array(0), firstRow: 0, count: 0 };
}

function newMemory(like: Float32Array | Float64Array, length: number): ScoresPart['rows'] {
  return like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/** Counts the parts; at the end gives what they make. */
export function openPrecision({
  ranks,
  logits,
}: PrecisionInput): (part: ScoresPart) => CountedPart {
  const { classCount } = ranks.labels;
  const weights = Uint8Array.from(labelCounts(ranks.labels), (k) => (k > 0 ? 1 : 0));
  const tally = startAveragePrecision(ranks, weights, logits);
  return ({ rows, firstRow, count }) => {
    if (count === 0) return { rows, found: finishAveragePrecision(tally) };
    const values = rows.subarray(0, count * classCount);
    addScores(tally, { values, images: count, classCount }, firstRow);
    return { rows };
  };
}
