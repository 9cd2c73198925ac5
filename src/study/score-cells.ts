import { join } from 'node:path';
import { EvaluationError } from '../errors.js';
import { digestOf, sha256File } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import { exists } from '../files/folders.js';
import { codecVersions } from '../image/codecs.js';
import { choosePreprocessing } from '../models/card.js';
import { readCardedModel } from '../models/model-file.js';
import { onnxruntimeVersion } from '../models/onnxruntime.js';
import type { Provider } from '../models/provider.js';
import { ofStep, type StageOptions } from '../progress.js';
import { evaluateModel } from '../score/evaluate.js';
import { scoreFile } from '../score/score-file.js';
import { SCORECARD_VERSION } from '../score/scorecard.js';
import { openScores, type StoredScores } from '../score/scores-folder.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { PATCHML_VERSION } from '../version.js';
import { whenFree, type WaitOptions } from './failure.js';
import type { StudyCell } from './list-models.js';
import type { StudyFields } from './schema.js';

/** What a model is scored with, and where scores are kept. */
export interface CellContext {
  /** The folder of what runs keep; scores are in `scores` in it. */
  work: string;
  scores: StudyFields['scores'];
  provider: Provider;
}

/** Scores of a model on a set. */
export interface ScoredCell {
  cell: StudyCell;
  stored: StoredScores;
  /** Whether an earlier run made them. */
  reused: boolean;
}

/**
 * The folder that scores of a model on a set are kept in: its name is a digest of all that they
 * depend on, so that what is there is what would be made.
 * @throws EvaluationError, OutputError where the model or its predictions cannot be read
 */
export async function scoresPlace(
  { model, from }: StudyCell,
  { name, digest, leftOut, images, kind, rule }: EvaluationSet,
  { work, scores, provider }: CellContext,
): Promise<string> {
  const key = digestOf({
    versions: { patchml: PATCHML_VERSION, scorecard: SCORECARD_VERSION },
    set: { name, digest, leftOut, kind, rule, images: images?.fingerprint ?? null },
    model,
    scores,
    ...(from.kind === 'card'
      ? {
          sha256: (await readCardedModel(from.card)).sha256,
          preprocessing: choosePreprocessing(from.card, { kind }, from.preprocess),
          classes: from.card.classes,
          output: from.card.output,
          run: { provider, batch: from.batch ?? null, onnxruntime: onnxruntimeVersion() },
          codecs: await codecVersions(),
        }
      : {
          predictions: await digestOfFile(from.path),
          shown: from.shown,
          read: await readOf(from),
        }),
  });
  return join(work, 'scores', key.slice(0, 16));
}

function digestOfFile(path: string): Promise<string> {
  // eslint-disable-next-line @typescript-eslint/require-await -- so that what it throws is explained
  return explaining(async () => sha256File(path), path);
}

/** How a file of predictions is read, without the places of files. */
async function readOf({
  options: { kind, scale, key, idColumn, ids },
}: Extract<StudyCell['from'], { kind: 'predictions' }>): Promise<Record<string, string>> {
  const said = { kind, scale, key, idColumn, ids: ids && (await digestOfFile(ids)) };
  return Object.fromEntries(
    Object.entries(said).filter((field): field is [string, string] => field[1] !== undefined),
  );
}

/**
 * Scores a model on a set, unless an earlier run did: runs it, unless its predictions are there.
 * @param options onStart: called where there is something to do
 * @throws what `evaluateModel` and `scoreFile` throw; AbortedError
 */
export async function scoreCell(
  cell: StudyCell,
  set: EvaluationSet,
  context: CellContext,
  { onStart, ...options }: StageOptions & WaitOptions & { onStart?: () => void },
): Promise<ScoredCell> {
  const out = await scoresPlace(cell, set, context);
  const kept = await keptScores(out);
  if (kept) return { cell, stored: kept, reused: true };
  onStart?.();
  await whenFree(() => makeScores(cell, set, out, context, options), options);
  return { cell, stored: await openScores(out), reused: false };
}

/** The scores in a folder; undefined where there are none, or they are damaged. */
export async function keptScores(folder: string): Promise<StoredScores | undefined> {
  if (!(await exists(folder))) return undefined;
  try {
    return await openScores(folder);
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

async function makeScores(
  { model, from, set: setName }: StudyCell,
  set: EvaluationSet,
  out: string,
  { work, scores, provider }: CellContext,
  { jobs, signal, onProgress }: StageOptions,
): Promise<void> {
  const options = {
    ...scores,
    signal,
    onProgress: ofStep(`${model} on ${setName}`, onProgress),
    overwrite: true,
  };
  if (from.kind === 'predictions') {
    const { path, shown } = from;
    await scoreFile({ predictions: path, shown, set, model, out }, { ...options, ...from.options });
    return;
  }
  const { card, preprocess, batch } = from;
  const input = { card, set, preprocess, work, out };
  await evaluateModel(input, { ...options, provider, batch, jobs });
}
