import { invalid, requireInteger, requireSameImages } from '../errors.js';
import { imageCount, type LabelSet } from './labels.js';
import type { ScoreMatrix } from './ranking.js';

/**
 * Where a model puts each valid label, one entry per label in the label set's order. Coverage error,
 * LRAP, ranking loss and average precision need nothing else of the scores, so that these can be
 * read batch by batch and forgotten.
 */
export interface LabelRanks {
  readonly labels: LabelSet;
  /** The label's score. */
  readonly scores: Float64Array;
  /** How many classes of the image score at least as high: the label's rank, ties at their worst. */
  readonly atOrAbove: Uint32Array;
  /** How many of those are valid labels. */
  readonly relevantAtOrAbove: Uint32Array;
}

/**
 * The ranks of all labels, from the scores of the whole set.
 *
 * @throws MetricsError `metrics-count-mismatch`, `metrics-class-count`
 */
export function labelRanks(scores: ScoreMatrix, labels: LabelSet): LabelRanks {
  requireSameImages('the label set', imageCount(labels), scores.images);
  const ranks = emptyLabelRanks(labels);
  addLabelRanks(ranks, scores, 0);
  return ranks;
}

/** Ranks to be filled by {@link addLabelRanks}, for scores that come in batches. */
export function emptyLabelRanks(labels: LabelSet): LabelRanks {
  const size = labels.offsets.at(-1)! - labels.offsets[0]!;
  return {
    labels,
    scores: new Float64Array(size),
    atOrAbove: new Uint32Array(size),
    relevantAtOrAbove: new Uint32Array(size),
  };
}

/**
 * Fills in the ranks of the images `firstImage`, `firstImage` + 1, ... that `batch` has scores of.
 *
 * @throws MetricsError `metrics-out-of-range`, `metrics-class-count` where they are not the label set's
 */
export function addLabelRanks(ranks: LabelRanks, batch: ScoreMatrix, firstImage: number): void {
  const { offsets, classes } = ranks.labels;
  requireBatchFits(ranks.labels, batch, firstImage);
  for (let i = 0; i < batch.images; i += 1) {
    const start = offsets[firstImage + i]!;
    const end = offsets[firstImage + i + 1]!;
    if (start === end) continue;
    const row = batch.values.subarray(i * batch.classCount, (i + 1) * batch.classCount);
    const at = start - offsets[0]!;
    if (end - start === 1) rankOne(ranks, row, classes[start]!, at);
    else rankSeveral(ranks, row, classes.subarray(start, end), at);
  }
}

/** Throws unless the batch's images and classes are the label set's. */
export function requireBatchFits(labels: LabelSet, batch: ScoreMatrix, firstImage: number): void {
  requireInteger('firstImage', firstImage, 0, imageCount(labels) - batch.images);
  if (batch.classCount !== labels.classCount) {
    throw invalid(
      'metrics-class-count',
      'the classes of the scores',
      `the label set's ${labels.classCount}`,
      batch.classCount,
    );
  }
}

type Row = Float32Array | Float64Array;

function rankOne(ranks: LabelRanks, row: Row, label: number, at: number): void {
  const score = row[label]!;
  let atOrAbove = 0;
  const { length } = row;
  // Not `for ... of`: its iterator costs a tenth of the first reading.
  for (let c = 0; c < length; c += 1) if (row[c]! >= score) atOrAbove += 1;
  ranks.scores[at] = score;
  ranks.atOrAbove[at] = atOrAbove;
  ranks.relevantAtOrAbove[at] = 1;
}

function rankSeveral(ranks: LabelRanks, row: Row, labels: Uint16Array, at: number): void {
  const sorted = Float64Array.from(labels, (label) => row[label]!).sort();
  const k = sorted.length;
  // found[j]: classes that score at least as high as exactly j labels, and then as j or more.
  const found = new Uint32Array(k + 1);
  for (const score of row) {
    if (score >= sorted[0]!) found[countAtMost(sorted, score, 0, k)]! += 1;
  }
  for (let j = k - 1; j > 0; j -= 1) found[j]! += found[j + 1]!;
  labels.forEach((label, j) => {
    const score = row[label]!;
    const below = sorted.indexOf(score);
    ranks.scores[at + j] = score;
    ranks.atOrAbove[at + j] = found[below + 1]!;
    ranks.relevantAtOrAbove[at + j] = k - below;
  });
}

/** The position after the last of the ascending `sorted[low .. high)` that is at most `value`. */
function countAtMost(sorted: Float64Array, value: number, low: number, high: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
