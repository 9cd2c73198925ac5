import { invalid, requireInteger } from '../errors.js';
import { hasLabel, type LabelSet } from './labels.js';

/** T(i, n): the n highest-ranked classes of each image, best first, [images x n], row major. */
export interface TopClasses {
  readonly classes: Uint16Array;
  readonly images: number;
  readonly n: number;
}

/** Above this many, sorting a row is cheaper than inserting into a sorted list. */
const MAX_INSERTION = 64;

/**
 * Ranks the n highest classes of each image; of equal scores the lower class index comes first.
 *
 * @param n 1 to the number of classes
 * @throws MetricsError `metrics-out-of-range`
 */
export function topClasses(scores: ScoreMatrix, n: number): TopClasses {
  const { images, classCount } = scores;
  requireInteger('n', n, 1, classCount);
  const classes = new Uint16Array(images * n);
  if (n > MAX_INSERTION) sortRows(scores, n, classes);
  else insertRows(scores, n, classes);
  return { classes, images, n };
}

/**
 * Takes classes that were ranked elsewhere.
 *
 * @param ranked [images x n] class indices, row major, best first
 * @throws MetricsError `metrics-rank-invalid` for an index out of range or twice in one row,
 *   `metrics-out-of-range`
 */
export function rankedClasses(
  ranked: ArrayLike<number>,
  n: number,
  classCount: number,
): TopClasses {
  requireInteger('classCount', classCount, 1, 65_536);
  requireInteger('n', n, 1, classCount);
  const images = ranked.length / n;
  if (!Number.isInteger(images)) {
    throw invalid(
      'metrics-rank-invalid',
      'ranked classes',
      `a multiple of n = ${n}`,
      ranked.length,
    );
  }
  const seenIn = new Int32Array(classCount).fill(-1);
  for (let at = 0; at < ranked.length; at += 1) {
    const label = ranked[at]!;
    const image = Math.floor(at / n);
    if (!Number.isInteger(label) || label < 0 || label >= classCount || seenIn[label] === image) {
      const expected = `distinct class indices from 0 to ${classCount - 1}`;
      throw invalid(
        'metrics-rank-invalid',
        `the ranking of row ${image} (from 0)`,
        expected,
        label,
      );
    }
    seenIn[label] = image;
  }
  return { classes: Uint16Array.from(ranked), images, n };
}

function insertRows(scores: ScoreMatrix, n: number, classes: Uint16Array): void {
  const { values, images, classCount } = scores;
  const best = new Float64Array(n);
  for (let image = 0; image < images; image += 1) {
    const row = image * classCount;
    const out = image * n;
    let worst = -Infinity;
    for (let c = 0; c < classCount; c += 1) {
      const value = values[row + c]!;
      if (value <= worst && c >= n) continue;
      let at = c < n ? c : n - 1;
      for (; at > 0 && best[at - 1]! < value; at -= 1) {
        best[at] = best[at - 1]!;
        classes[out + at] = classes[out + at - 1]!;
      }
      best[at] = value;
      classes[out + at] = c;
      if (c >= n - 1) worst = best[n - 1]!;
    }
  }
}

function sortRows(scores: ScoreMatrix, n: number, classes: Uint16Array): void {
  const { values, images, classCount } = scores;
  const order = new Uint16Array(classCount);
  for (let image = 0; image < images; image += 1) {
    const row = values.subarray(image * classCount, (image + 1) * classCount);
    for (let c = 0; c < classCount; c += 1) order[c] = c;
    order.sort((a, b) => row[b]! - row[a]! || a - b);
    classes.set(order.subarray(0, n), image * n);
  }
}

/** |T(i, n) ∩ L(i)|: how many of image i's n highest-ranked classes are valid; n at most `top.n`. */
export function hits(top: TopClasses, labels: LabelSet, image: number, n: number): number {
  const row = image * top.n;
  let found = 0;
  for (let rank = 0; rank < n; rank += 1) {
    if (hasLabel(labels, image, top.classes[row + rank]!)) found += 1;
  }
  return found;
}

/** Logits or probabilities, [images x classCount], row major, all finite. */
export interface ScoreMatrix {
  readonly values: Float32Array | Float64Array;
  readonly images: number;
  readonly classCount: number;
}

/**
 * Checks scores once, so that nothing later has to. Shares memory with `values`.
 *
 * @param values [N x classCount], row major
 * @param classCount 1 to 65,536
 * @throws MetricsError `metrics-score-count` (not a whole number of rows) or
 *   `metrics-score-not-finite` (NaN or infinite, with its row and class), `metrics-out-of-range`
 */
export function scoreMatrix(values: Float32Array | Float64Array, classCount: number): ScoreMatrix {
  requireInteger('classCount', classCount, 1, 65_536);
  const images = values.length / classCount;
  if (!Number.isInteger(images)) {
    throw invalid(
      'metrics-score-count',
      'the number of scores',
      `a multiple of the ${classCount} classes`,
      values.length,
    );
  }
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at]!;
    if (value - value !== 0) {
      const place = `row ${Math.floor(at / classCount)}, class ${at % classCount} (from 0)`;
      throw invalid('metrics-score-not-finite', place, 'a finite score', value);
    }
  }
  return { values, images, classCount };
}

/**
 * The softmax of each image's scores, exp(s) / Σ exp(s): logits of different images become comparable.
 * Of equal scores the probabilities are equal; the order within an image stays.
 *
 * @param into where the probabilities go, from its start; as long as the scores or longer. Default: new
 */
export function softmax(
  { values, images, classCount }: ScoreMatrix,
  into = new Float64Array(values.length),
): ScoreMatrix {
  for (let image = 0; image < images; image += 1) {
    const start = image * classCount;
    const end = start + classCount;
    const highest = highestOf(values, start, end);
    let sum = 0;
    for (let at = start; at < end; at += 1) {
      const share = Math.exp(values[at]! - highest);
      into[at] = share;
      sum += share;
    }
    for (let at = start; at < end; at += 1) into[at]! /= sum;
  }
  return { values: into.subarray(0, values.length), images, classCount };
}

/** What makes probabilities of logits: exp(s - highest) / sum, of each image. */
export interface SoftmaxTerms {
  readonly highest: Float64Array;
  /** Σ exp(s - highest), in the order of the classes. */
  readonly sums: Float64Array;
}

/** The terms of an image, those that {@link softmax} divides by. */
export function softmaxTerms(
  { values, classCount }: ScoreMatrix,
  image: number,
): { highest: number; sum: number } {
  const start = image * classCount;
  const end = start + classCount;
  const highest = highestOf(values, start, end);
  let sum = 0;
  for (let at = start; at < end; at += 1) sum += Math.exp(values[at]! - highest);
  return { highest, sum };
}

function highestOf(values: ScoreMatrix['values'], start: number, end: number): number {
  let highest = -Infinity;
  for (let at = start; at < end; at += 1) if (values[at]! > highest) highest = values[at]!;
  return highest;
}

/** How far a row of probabilities may be from a sum of 1: float16 and four decimals round so far. */
const SUM_TOLERANCE = 0.01;

/** Whether the scores are probabilities: each from 0 to 1, each row with a sum of 1 within 0.01. */
export function areProbabilities({ values, images, classCount }: ScoreMatrix): boolean {
  for (let image = 0; image < images; image += 1) {
    let sum = 0;
    for (let at = image * classCount; at < (image + 1) * classCount; at += 1) {
      const value = values[at]!;
      if (!(value >= 0 && value <= 1)) return false;
      sum += value;
    }
    if (Math.abs(sum - 1) > SUM_TOLERANCE) return false;
  }
  return true;
}
