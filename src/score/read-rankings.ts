import { EvaluationError } from '../errors.js';
import {
  addLabelRanks,
  areProbabilities,
  type CountedLogits,
  emptyLabelRanks,
  type LabelRanks,
  type LabelSet,
  type ScoreMatrix,
  topClasses,
  type TopClasses,
} from '../metrics/index.js';
import { softmaxTerms } from '../metrics/ranking.js';
import { keysOfLogits } from '../metrics/score-keys.js';
import {
  type PredictionRows,
  type PredictionSource,
  requireValid,
  type ScoreScale,
} from '../predictions/source.js';

/** What the metrics of single images need of predictions; all in the file's order. */
export interface Rankings {
  /** The highest classes of each image, as many as are needed or as there are. */
  top: TopClasses;
  /** Where each label stands, with its probability as its score; undefined for ranks only. */
  ranks: LabelRanks | undefined;
  /** What makes the probabilities of `ranks`, where the scores are logits. */
  logits: CountedLogits | undefined;
  /** What the predictions hold; `unknown` for scores of 0 to 1 whose rows have no sum of 1. */
  scale: ScoreScale | 'ranked' | 'unknown';
}

/** A batch of rows, with the first one's number in the file, from 0. */
export interface Batch<Rows extends PredictionRows> {
  rows: Rows;
  firstRow: number;
  /** How many. */
  count: number;
}

/**
 * Reads predictions once and keeps what the metrics need of them.
 *
 * @param labels in the file's order
 * @param n the most classes that a metric looks at
 * @param batches of the source
 * @throws EvaluationError for a score that is not finite, for one outside 0 to 1 that is said to be a
 *   probability, and for ranks that are no class indices
 */
export async function readRankings(
  source: PredictionSource,
  labels: LabelSet,
  n: number,
  batches: AsyncIterable<Batch<PredictionRows>>,
): Promise<Rankings> {
  const kept = source.kind === 'ranked' ? Math.min(n, source.width) : n;
  const classes = new Uint16Array(source.images * kept);
  const ranks = source.kind === 'scores' ? emptyLabelRanks(labels) : undefined;
  const noted = newLogits(ranks?.scores ?? new Float64Array(0), source.images);
  const { scale: said } = source;
  let mayBeProbabilities = said === undefined || said === 'probabilities';
  let areShares = said === undefined;
  for await (const batch of batches) {
    const at = batch.firstRow * kept;
    if (batch.rows instanceof Int32Array) {
      requireRanks(batch.rows, source, batch.firstRow, labels.classCount);
      classes.set(firstColumns(batch.rows, source.width, kept), at);
      continue;
    }
    if (!source.isChecked) requireValid(batch.rows, source.width, batch.firstRow, source.path);
    const scores = scoresOf(batch.rows, batch.count, source.width);
    classes.set(topClasses(scores, kept).classes, at);
    if (!ranks) continue;
    addLabelRanks(ranks, scores, batch.firstRow);
    if (said === 'probabilities') requireProbabilities(scores, source, batch.firstRow);
    else if (said !== 'quantised') {
      noteTerms(noted.terms, labels, scores, batch.firstRow);
      mayBeProbabilities &&= areProbabilities(scores);
      areShares &&= mayBeProbabilities || scores.values.every(isShare);
    }
  }
  const top = { classes, images: source.images, n: kept };
  const read = { top, ranks, logits: undefined };
  if (!ranks) return { ...read, scale: 'ranked' };
  if (said === 'quantised') return { ...read, scale: said };
  if (mayBeProbabilities) return { ...read, scale: 'probabilities' };
  // Of a sigmoid, or cosines: softmax would make other numbers of them.
  if (areShares) return { ...read, scale: 'unknown' };
  const probabilities = probabilitiesOf(noted, labels);
  return { top, ranks: { ...ranks, scores: probabilities }, logits: noted, scale: 'logits' };
}

function newLogits(ofLabels: Float64Array, images: number): CountedLogits {
  const terms = { highest: new Float64Array(images), sums: new Float64Array(images) };
  return { ofLabels, terms };
}

/** Notes what makes probabilities of a batch of logits, for the images that have labels. */
function noteTerms(
  { highest, sums }: CountedLogits['terms'],
  { offsets }: LabelSet,
  scores: ScoreMatrix,
  firstImage: number,
): void {
  for (let i = 0; i < scores.images; i += 1) {
    const image = firstImage + i;
    if (offsets[image] === offsets[image + 1]) continue;
    const terms = softmaxTerms(scores, i);
    highest[image] = terms.highest;
    sums[image] = terms.sum;
  }
}

/** The probabilities of labels. */
function probabilitiesOf({ ofLabels, terms }: CountedLogits, { offsets }: LabelSet): Float64Array {
  const keys = keysOfLogits(terms);
  const found = new Float64Array(ofLabels.length);
  for (let image = 0; image < offsets.length - 1; image += 1) {
    for (let at = offsets[image]!; at < offsets[image + 1]!; at += 1) {
      found[at] = keys.scoreOf(ofLabels[at]!, image);
    }
  }
  return found;
}

/** From 0 to 1, as floats round; patchml's own files have -1 for a class that the model lacks. */
function isShare(value: number): boolean {
  return (value >= -1e-6 && value <= 1.001) || value === -1;
}

/** @throws EvaluationError `predictions-not-probabilities` for a value that is none */
function requireProbabilities(
  { values }: ScoreMatrix,
  source: PredictionSource,
  firstRow: number,
): void {
  const at = values.findIndex((value) => !isShare(value));
  if (at === -1) return;
  throw new EvaluationError(`expected a probability from 0 to 1, got ${values[at]!}`, {
    code: 'predictions-not-probabilities',
    path: source.path,
    place: placeOf(at, source, firstRow),
    fix: 'say that the scores are logits (--scores logits)',
  });
}

/** Rows that were checked, as the metrics take them. */
function scoresOf(
  values: Float32Array | Float64Array,
  images: number,
  classCount: number,
): ScoreMatrix {
  return { values, images, classCount };
}

/**
 * The batches of a source, numbered.
 *
 * @throws EvaluationError `predictions-row-count` where there are more or fewer rows than it says,
 *   `predictions-kind` where they are of another kind
 */
export async function* numberedBatches(
  source: PredictionSource,
): AsyncGenerator<Batch<PredictionRows>> {
  let firstRow = 0;
  for await (const rows of source.batches()) {
    const count = rows.length / source.width;
    if (!Number.isInteger(count) || firstRow + count > source.images) break;
    if (rows instanceof Int32Array !== (source.kind === 'ranked')) {
      throw new EvaluationError(`expected ${source.kind === 'ranked' ? 'ranks' : 'scores'}`, {
        code: 'predictions-kind',
        path: source.path,
        place: `row ${firstRow}`,
      });
    }
    yield { rows, firstRow, count };
    firstRow += count;
  }
  if (firstRow === source.images) return;
  throw new EvaluationError(`expected ${source.images} rows of ${source.width} values`, {
    code: 'predictions-row-count',
    path: source.path,
    place: `row ${firstRow}`,
    fix: 'write the predictions again',
  });
}

function firstColumns(rows: Int32Array, width: number, kept: number): Uint16Array {
  const columns = new Uint16Array((rows.length / width) * kept);
  for (let from = 0, to = 0; from < rows.length; from += width, to += kept) {
    columns.set(rows.subarray(from, from + kept), to);
  }
  return columns;
}

/**
 * @param firstRow the number in the file, from 0, of the first of these rows
 * @throws EvaluationError `predictions-not-classes` unless each row holds distinct class indices
 */
function requireRanks(
  ranked: Int32Array,
  source: PredictionSource,
  firstRow: number,
  classCount: number,
): void {
  const seenIn = new Int32Array(classCount).fill(-1);
  for (let at = 0; at < ranked.length; at += 1) {
    const label = ranked[at]!;
    const row = Math.floor(at / source.width);
    if (label >= 0 && label < classCount && seenIn[label] !== row) {
      seenIn[label] = row;
      continue;
    }
    const twice = seenIn[label] === row ? ' twice' : '';
    throw new EvaluationError(
      `expected distinct class indices from 0 to ${classCount - 1}, got ${label}${twice}`,
      {
        code: 'predictions-not-classes',
        path: source.path,
        place: placeOf(at, source, firstRow),
        fix: 'pass the classes of each image, best first, counted from 0',
      },
    );
  }
}

/** Rows are named as the file has them, from 0, and by their image where that is known. */
function placeOf(at: number, { width, ids }: PredictionSource, firstRow: number): string {
  const row = firstRow + Math.floor(at / width);
  const id = ids?.[row];
  return id === undefined ? `row ${row} (from 0)` : `row ${row} (from 0), ${id}`;
}
