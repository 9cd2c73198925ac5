import { join } from 'node:path';
import { EvaluationError } from '../errors.js';
import { exists } from '../files/folders.js';
import { PREDICTIONS_FILE } from '../models/run-model.js';
import { readTopPredictions, type TopPredictions } from '../predictions/top-predictions.js';
import type { PerImageScores } from '../score/images-csv.js';
import { intervalText, labelOf, namedOf, valueText } from '../score/metric-text.js';
import { listMetrics, type Scorecard } from '../score/scorecard.js';
import { IMAGES_FILE, openScores, SCORECARD_FILE } from '../score/scores-folder.js';
import { digestOfPart } from '../sets/evaluation-set.js';
import { openColumns } from './columns.js';
import type { FoundFolder } from './given-paths.js';
import type { ViewedModel, ViewedSet } from './viewed-set.js';

/** A model's scores, as a folder has them. */
export interface OpenedScores {
  path: string;
  scorecard: Scorecard;
  perImage: PerImageScores;
  /** What the model ranks on top, where the folder has it. */
  top: TopPredictions | undefined;
}

/** @throws EvaluationError where these are no scores; OutputError where a file cannot be read */
export async function openFoundScores({ path, within }: FoundFolder): Promise<OpenedScores> {
  for (const file of [SCORECARD_FILE, IMAGES_FILE]) await within(join(path, file));
  const { scorecard, perImage } = await openScores(path);
  const predictions = join(path, PREDICTIONS_FILE);
  const top = (await exists(predictions))
    ? await readTopPredictions(await within(predictions))
    : undefined;
  return { path, scorecard, perImage: await perImage(), top };
}

/** Whether scores are of a set, or of a part of it. */
export function isOfSet({ scorecard, perImage }: OpenedScores, { setDigest }: ViewedSet): boolean {
  const { digest } = scorecard.set;
  if (setDigest === undefined) return false;
  return digest === setDigest || digest === digestOfPart(setDigest, perImage.ids);
}

/**
 * The images of scores whose own images are not there: their ids, and how many labels each has.
 * @throws DatasetError `view-too-large`
 */
export function setOfScores({ path, scorecard, perImage }: OpenedScores): ViewedSet {
  const { add, columns } = openColumns(path);
  perImage.ids.forEach((id, image) => {
    add({ id, k: perImage.k[image]!, labels: [], objects: [], pixels: '' });
  });
  const { name, rule, digest } = scorecard.set;
  return {
    summary: {
      kind: 'scores',
      title: rule === 'patchml' ? name : `${name}, labels: ${rule}`,
      path,
      digest,
      images: perImage.ids.length,
      hasPixels: false,
    },
    columns,
    setDigest: digest,
    models: [],
    fileOf: () => undefined,
    close: () => undefined,
  };
}

/**
 * Puts scores in the order of a set's images.
 * @throws EvaluationError `scores-invalid` where they have images that the set does not have
 */
export function alignScores(scores: OpenedScores, { columns }: ViewedSet): ViewedModel {
  const { path, scorecard, perImage, top } = scores;
  const rowOf = new Map(perImage.ids.map((id, row) => [id, row]));
  const rows = columns.ids.map((id) => rowOf.get(id) ?? -1);
  if (rows.filter((row) => row >= 0).length < perImage.ids.length) {
    throw new EvaluationError('it has images that the set does not have', {
      code: 'scores-invalid',
      path,
      fix: 'score again with "patchml score"',
    });
  }
  const predicted = new Map(top?.ids.map((id, row) => [id, row]));
  const named = namedOf([scorecard]);
  return {
    summary: {
      name: scorecard.model.name,
      path,
      metrics: listMetrics(scorecard).map(([name, metric]) => ({
        name,
        label: labelOf(name, named),
        value: metric.value,
        text: valueText(name, metric.value),
        interval: intervalText(name, metric),
        n: metric.n,
      })),
    },
    found: rows.map((row) => {
      const share = perImage.variableTopK[row] ?? NaN;
      return Number.isNaN(share) ? -1 : Math.round(share * perImage.k[row]!);
    }),
    of: rows.map((row) => perImage.k[row] ?? 0),
    rankingOf(image) {
      const row = rows[image]!;
      const at = predicted.get(columns.ids[image]!);
      if (top === undefined || at === undefined) {
        const { classes, n } = perImage.top;
        return { classes: row === -1 ? [] : [...classes.subarray(row * n, (row + 1) * n)] };
      }
      const [from, to] = [at * top.n, (at + 1) * top.n];
      return {
        classes: [...top.classes.subarray(from, to)],
        probabilities: [...top.probabilities.subarray(from, to)],
      };
    },
  };
}
