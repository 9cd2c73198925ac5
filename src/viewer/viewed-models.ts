import { join } from 'node:path';
import { EvaluationError } from '../errors.js';
import { exists } from '../files/folders.js';
import { PREDICTIONS_FILE } from '../models/run-model.js';
import { readTopPredictions, type TopPredictions } from '../predictions/top-predictions.js';
import type { PerImageScores } from '../score/images-csv.js';
import { intervalText, labelOf, namedOf, valueText } from '../score/metric-text.js';
import { listMetrics } from '../score/scorecard.js';
import {
  IMAGES_FILE,
  openScores,
  SCORECARD_FILE,
  type StoredScores,
} from '../score/scores-folder.js';
import { digestOfPart } from '../sets/evaluation-set.js';
import type { ModelSummary } from './answers.js';
import { type ImageColumns, openColumns } from './columns.js';
import type { FoundFolder } from './given-paths.js';
import type { ModelScores, ViewedModel, ViewedSet } from './viewed-set.js';

/** A model's scores as a folder has them. */
export interface FoundScores extends StoredScores {
  /** What the model ranks on top, where the folder has it. */
  predictions: string | undefined;
}

/**
 * Opens scores; those of single images are read when they are asked for.
 * @throws EvaluationError where these are no scores; DatasetError `view-outside`; OutputError
 */
export async function openFoundScores({ path, within }: FoundFolder): Promise<FoundScores> {
  for (const file of [SCORECARD_FILE, IMAGES_FILE]) await within(join(path, file));
  const predictions = join(path, PREDICTIONS_FILE);
  return {
    ...(await openScores(path)),
    predictions: (await exists(predictions)) ? await within(predictions) : undefined,
  };
}

/** Whether scores are of a set, or of a part of it. @throws as `perImage` of the scores */
export async function isOfSet(scores: FoundScores, set: ViewedSet): Promise<boolean> {
  const { digest, images } = scores.scorecard.set;
  if (set.setDigest === undefined || digest === set.setDigest) return digest === set.setDigest;
  if (images >= set.summary.images) return false;
  return digest === digestOfPart(set.setDigest, (await scores.perImage()).ids);
}

/**
 * The images of scores whose own images are not there: their ids, and how many labels each has.
 * @throws DatasetError `view-too-large`; as `perImage` of the scores
 */
export async function setOfScores({
  folder,
  scorecard,
  perImage,
}: FoundScores): Promise<ViewedSet> {
  const { add, columns } = openColumns(folder);
  const { ids, k } = await perImage();
  ids.forEach((id, image) => {
    add({ id, k: k[image]!, labels: [], objects: [] });
  });
  const { name, rule, digest } = scorecard.set;
  return {
    summary: {
      kind: 'scores',
      title: rule === 'patchml' ? name : `${name}, labels: ${rule}`,
      path: folder,
      digest,
      images: ids.length,
      hasPixels: false,
    },
    columns,
    setDigest: digest,
    models: [],
    close: () => Promise.resolve(),
  };
}

/** A model's scores on the images of a set, which are read once, when they are asked for. */
export function toViewedModel(scores: FoundScores, { columns }: ViewedSet): ViewedModel {
  let loading: Promise<ModelScores> | undefined;
  return {
    summary: summarise(scores),
    load() {
      loading ??= loadScores(scores, columns).catch((error: unknown) => {
        loading = undefined; // the folder may be in order next time
        throw error;
      });
      return loading;
    },
  };
}

function summarise({ folder, scorecard }: FoundScores): Omit<ModelSummary, 'key'> {
  const named = namedOf([scorecard]);
  return {
    name: scorecard.model.name,
    path: folder,
    metrics: listMetrics(scorecard).map(([name, metric]) => ({
      name,
      label: labelOf(name, named),
      value: metric.value,
      text: valueText(name, metric.value),
      interval: intervalText(name, metric),
      n: metric.n,
    })),
  };
}

async function loadScores(
  { folder, perImage: read, predictions }: FoundScores,
  columns: ImageColumns,
): Promise<ModelScores> {
  const perImage = await read();
  const rows = rowsOf(columns.ids(), perImage.ids);
  if (rows.filter((row) => row >= 0).length < perImage.ids.length) {
    throw new EvaluationError('it has images that the set does not have', {
      code: 'scores-invalid',
      path: folder,
      fix: 'score again with "patchml score"',
    });
  }
  return {
    found: Int16Array.from(rows, (row) => foundIn(perImage, row)),
    of: Uint16Array.from(rows, (row) => perImage.k[row] ?? 0),
    rankingOf:
      predictions === undefined
        ? rankingsIn({ n: perImage.top.n, classes: perImage.top.classes, rows })
        : await readRankings(predictions, columns.ids()),
  };
}

function foundIn({ variableTopK, k }: PerImageScores, row: number): number {
  const share = variableTopK[row] ?? NaN;
  return Number.isNaN(share) ? -1 : Math.round(share * k[row]!);
}

async function readRankings(
  path: string,
  ids: Iterable<string>,
): Promise<ModelScores['rankingOf']> {
  const { ids: predicted, n, classes, probabilities } = await readTopPredictions(path);
  return rankingsIn({ n, classes, probabilities, rows: rowsOf(ids, predicted) });
}

/** @param rows the row of each image, or -1 */
function rankingsIn({
  n,
  classes,
  probabilities,
  rows,
}: Pick<TopPredictions, 'n' | 'classes'> & {
  probabilities?: Float32Array;
  rows: Int32Array;
}): ModelScores['rankingOf'] {
  return (image) => {
    const row = rows[image]!;
    if (row === -1) return { classes: [] };
    const [from, to] = [row * n, (row + 1) * n];
    return {
      classes: [...classes.subarray(from, to)],
      ...(probabilities && { probabilities: [...probabilities.subarray(from, to)] }),
    };
  };
}

/** Where each id is among others, or -1. */
function rowsOf(ids: Iterable<string>, among: readonly string[]): Int32Array {
  const rows = new Map(among.map((id, row) => [id, row]));
  return Int32Array.from(ids, (id) => rows.get(id) ?? -1);
}
