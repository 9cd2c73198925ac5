import { describe, expect, it } from '@jest/globals';
import {
  averagePrecision,
  labelCounts,
  labelRanks,
  labelSet,
  scoreMatrix,
  softmax,
} from '../../src/metrics/index.js';
import { softmaxTerms } from '../../src/metrics/ranking.js';
import { classPrecision } from '../../src/score/class-precision.js';
import type { Batch } from '../../src/score/read-rankings.js';

// 1,500 images of 7 classes: several parts, the last of them short; every fifth without labels
const [images, classes] = [1500, 7];
const values = Float32Array.from(
  { length: images * classes },
  (_, at) => ((at * 7919) % 1009) / 90,
);
const lists = Array.from({ length: images }, (_, at) =>
  at % 5 === 0 ? [] : [at % 7, (at * 3) % 7],
);
const labels = labelSet(lists, classes);
const scores = scoreMatrix(values, classes);
const all = Array.from({ length: images }, (_, image) => softmaxTerms(scores, image));
const logits = {
  ofLabels: labelRanks(scores, labels).scores,
  terms: {
    highest: Float64Array.from(all, ({ highest }) => highest),
    sums: Float64Array.from(all, ({ sum }) => sum),
  },
};

async function* batchesOf(rows: number): AsyncGenerator<Batch<Float32Array>> {
  await Promise.resolve();
  for (let firstRow = 0; firstRow < images; firstRow += rows) {
    const part = values.subarray(firstRow * classes, (firstRow + rows) * classes);
    yield { rows: part, firstRow, count: part.length / classes };
  }
}

describe.each([
  ['in this thread', false],
  ['in a worker thread', true],
])('classPrecision %s', (_, inWorker) => {
  it.each([100, 700, 1500])('counts batches of %i rows as all at once', async (rows) => {
    const probabilities = softmax(scores);
    const weights = labelCounts(labels).map((k) => Math.min(k, 1));
    const expected = averagePrecision(probabilities, labels, weights);
    const ranks = labelRanks(probabilities, labels);
    const read = { batches: batchesOf(rows), images };
    expect(await classPrecision({ ranks, logits }, read, { inWorker })).toEqual(expected);
  });

  it('throws what reading the scores throws', async () => {
    async function* broken(): AsyncGenerator<Batch<Float32Array>> {
      yield* batchesOf(1500);
      throw new Error('the file is truncated');
    }
    const input = { ranks: labelRanks(scores, labels), logits: undefined };
    const counted = classPrecision(input, { batches: broken(), images }, { inWorker });
    await expect(counted).rejects.toThrow('the file is truncated');
  });
});
