import { join } from 'node:path';
import { scorePredictions } from '../../src/score/score-predictions.js';
import { makeScorecard } from '../../src/score/scorecard.js';
import { writeScores } from '../../src/score/scores-folder.js';
import type { EvaluationSet } from '../../src/sets/evaluation-set.js';
import { inOrder, madeSet, madeSource } from './unit-scores.js';

/** Images of a made set for each number of labels, from one up. */
const PER_COUNT = 30;

/** A set of images with one, two and three labels, every fifth class from a first one on. */
export function countedSet(name: string, fields: Partial<EvaluationSet> = {}): EvaluationSet {
  const labels = [1, 2, 3].flatMap((k) =>
    Array.from({ length: PER_COUNT }, (_, image) =>
      Array.from({ length: k }, (_, at) => (image % 7) * 10 + at),
    ),
  );
  return {
    ...madeSet(labels, {
      name,
      digest: Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64),
      originals: labels.map(([first]) => first!),
    }),
    ...fields,
  };
}

/**
 * The scores of a model that ranks all labels of an image on top, except that in every n-th image
 * the first label gives way to the class after the last one.
 *
 * @param wrongEvery n
 * @returns the folder
 */
export async function writeMadeScores(
  root: string,
  model: string,
  set: EvaluationSet,
  wrongEvery: number,
): Promise<string> {
  const rows = set.labels.map((labels, image) => {
    const wrong = image % wrongEvery === 0;
    const ranked = wrong ? [labels.at(-1)! + 1, ...labels.slice(1)] : labels;
    return [...ranked, 500, 501, 502, 503, 504].slice(0, 5);
  });
  const { body, perImage } = await scorePredictions(
    { source: madeSource('ranked', rows), positions: inOrder(rows.length), set },
    { resamples: 20 },
  );
  const out = join(root, set.name, model);
  await writeScores({ out, scorecard: makeScorecard(body, { model: { name: model } }), perImage });
  return out;
}
