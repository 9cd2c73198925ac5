import type { PredictionRows } from '../evaluate/prediction-source.js';
import {
  addScores,
  finishAveragePrecision,
  labelCounts,
  startAveragePrecision,
  type AveragePrecision,
  type LabelRanks,
} from '../metrics/index.js';
import { scoresOf, type Batch } from './read-rankings.js';

/**
 * Average precision over images, of each class and of all: a second reading of the scores. Images
 * without labels are left out: nobody said that their classes are wrong.
 *
 * @param batches those that `ranks` was made of
 */
export async function classPrecision(
  ranks: LabelRanks,
  batches: AsyncIterable<Batch<PredictionRows>>,
): Promise<AveragePrecision> {
  const { labels } = ranks;
  const weights = Uint8Array.from(labelCounts(labels), (k) => (k > 0 ? 1 : 0));
  const tally = startAveragePrecision(ranks, weights);
  for await (const { rows, firstRow, count } of batches) {
    if (rows instanceof Int32Array) continue; // never: only scores have ranks of labels
    addScores(tally, scoresOf(rows, count, labels.classCount), firstRow);
  }
  return finishAveragePrecision(tally);
}
