import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { scorePredictions } from '../../src/score/score-predictions.js';
import { makeScorecard } from '../../src/score/scorecard.js';
import { folderName, writeScores } from '../../src/score/scores-folder.js';
import type { EvaluationSet } from '../../src/sets/evaluation-set.js';
import { inOrder, madeSet, madeSource } from './unit-scores.js';

/** Images of a made set for each number of labels, from one up. */
export const PER_COUNT = 30;
/** The most labels of an image. */
export const MOST = 3;

/** Labels of images with one, two and three of them; of a number, seven different ones in turn. */
const LABELS = Array.from({ length: MOST }, (_, at) => at + 1).flatMap((k) =>
  Array.from({ length: PER_COUNT }, (_, image) =>
    Array.from({ length: k }, (_, at) => (image % 7) * 10 + at),
  ),
);

function digestOf(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
}

/** A set of images with one, two and three labels, the first of which is the original one. */
export function countedSet(name: string): EvaluationSet {
  const originals = LABELS.map(([first]) => first!);
  return madeSet(LABELS, { name, digest: digestOf(name), originals });
}

/**
 * The same labels as those of a paired PatchML dataset: every patch stands alone in an image, too, on
 * a grid of 3 x 3 cells. Its images are one file.
 */
export async function paintedSet(name: string, folder: string): Promise<EvaluationSet> {
  mkdirSync(folder, { recursive: true });
  const pixels = { width: 24, height: 24, channels: 3 as const, background: '#3366cc' };
  await sharp({ create: pixels }).png().toFile(join(folder, 'image.png'));
  const place = { file: 'image.png', size: statSync(join(folder, 'image.png')).size };
  return madeSet(LABELS, {
    name,
    kind: 'patchml',
    rule: 'patchml',
    digest: digestOf(name),
    images: { path: folder, places: LABELS.map(() => place), fingerprint: 'made' },
    painted: {
      layout: 'fixed-grid',
      images: LABELS.map((labels, image) => ({
        number: image % PER_COUNT,
        objects: labels.map((category, at) => ({
          category,
          patch: `patch ${image % PER_COUNT}#${at}`,
          side: 40 + 20 * (image % 2),
          cell: { columns: 3, rows: 3, column: at, row: image % 3 },
        })),
      })),
    },
  });
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
  const out = join(root, set.name, folderName(model));
  await writeScores({ out, scorecard: makeScorecard(body, { model: { name: model } }), perImage });
  return out;
}
