import type { PredictionRows, PredictionSource } from '../../src/predictions/source.js';
import type { ScoreRun } from '../../src/score/compare-statistics.js';
import { type ScoreOptions, scorePredictions } from '../../src/score/score-predictions.js';
import { makeScorecard } from '../../src/score/scorecard.js';
import type { EvaluationSet } from '../../src/sets/evaluation-set.js';

/** The classes that sources and sets of unit tests have. */
const CLASSES = 1000;

/** An evaluation set of these labels, with ids `image-0`, `image-1`, ... */
export function madeSet(
  labels: readonly (readonly number[])[],
  fields: Partial<EvaluationSet> = {},
): EvaluationSet {
  return {
    name: 'made',
    kind: 'labelled-images',
    ids: labels.map((_, image) => `image-${image}`),
    images: undefined,
    originals: undefined,
    labels,
    rule: 'real',
    digest: 'd'.repeat(64),
    leftOut: {},
    ...fields,
  };
}

/** Scores of 1,000 classes a row: those given, by class, over a floor that falls with the class. */
export function scoreRows(rows: readonly Readonly<Record<number, number>>[]): number[][] {
  return rows.map((given) =>
    Array.from({ length: CLASSES }, (_, label) => given[label] ?? -(label + 1) / CLASSES),
  );
}

/** Predictions from rows of numbers, in batches of so many rows. */
export function madeSource(
  kind: PredictionSource['kind'],
  rows: readonly (readonly number[])[],
  batch = 3,
): PredictionSource {
  const make = (part: readonly (readonly number[])[]): PredictionRows =>
    kind === 'ranked' ? Int32Array.from(part.flat()) : Float64Array.from(part.flat());
  return {
    kind,
    images: rows.length,
    width: rows[0]?.length ?? CLASSES,
    ids: undefined,
    path: 'made.npy',
    // eslint-disable-next-line @typescript-eslint/require-await -- as files are read
    batches: async function* () {
      for (let at = 0; at < rows.length; at += batch) yield make(rows.slice(at, at + batch));
    },
  };
}

/** The positions of a file in the set's own order. */
export function inOrder(images: number): Uint32Array {
  return Uint32Array.from({ length: images }, (_, at) => at);
}

/** Scores rows that stand in the set's order, as a run to compare. */
export async function madeRun(
  model: string,
  kind: PredictionSource['kind'],
  rows: readonly (readonly number[])[],
  set: EvaluationSet,
  options: ScoreOptions = { resamples: 20, minImages: 1 },
): Promise<ScoreRun> {
  const source = madeSource(kind, rows);
  const { body, perImage } = await scorePredictions(
    { source, positions: inOrder(rows.length), set },
    options,
  );
  return {
    folder: `scores/${model}`,
    scorecard: makeScorecard(body, { model: { name: model } }),
    perImage: () => Promise.resolve(perImage),
  };
}
