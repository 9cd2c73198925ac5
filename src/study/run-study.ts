import { join } from 'node:path';
import { type ErrorCode, EvaluationError } from '../errors.js';
import { digestOf, sha256File } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import type { Provider } from '../models/provider.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { folderName, SCORECARD_FILE } from '../score/scores-folder.js';
import { PATCHML_VERSION } from '../version.js';
import { asFailure, type StudyFailure, whenFree, type WaitOptions } from './failure.js';
import { listModels, type StudyCell } from './list-models.js';
import type { Study } from './load.js';
import { type OpenedSet, openStudySet } from './open-sets.js';
import { makeResults, type StudyResults, type StudyScores } from './results.js';
import { type CellContext, scoreCell, type ScoredCell } from './score-cells.js';
import { keptResults, requireStudyPlace, writeStudy } from './study-folder.js';

/** A study to run, and where its results go. */
export interface RunStudyInput {
  study: Study;
  /** The folder of the results. */
  out: string;
  /** Where datasets, predictions and scores are kept, for this and later runs of any study. */
  work: string;
}

/** How to run a study. */
export interface RunStudyOptions extends StageOptions, WaitOptions {
  /** Execution provider of onnxruntime. Default: `cpu`. */
  provider?: Provider | undefined;
  /** Replace the results of a study of another name. Default: false. */
  overwrite?: boolean | undefined;
  /** Called before a model is scored on a set, unless the scores are kept. @param index from 0 */
  onScore?: ((model: string, set: string, index: number, count: number) => void) | undefined;
}

/** What became of a study. */
export interface StudyRun {
  out: string;
  results: StudyResults;
  /** What could not be done; the rest was. */
  failures: StudyFailure[];
  /** Models on sets that were scored in this run, and those whose scores were kept. */
  scored: number;
  reused: number;
  /** Whether the results were there already, and nothing was written. */
  isUnchanged: boolean;
}

/**
 * Runs a study: generates the datasets, runs the models and scores them, unless an earlier run did,
 * compares them and writes the results. A model that fails, or a set that is not there, is named
 * among the failures, and the rest goes on. An interrupted run is resumed by the next; the same study of
 * the same inputs gives the same bytes.
 *
 * @throws EvaluationError `study-no-scores` where nothing could be scored, `cards-same-name`
 * @throws OutputError where a folder cannot be written, or `out` holds something else
 * @throws AbortedError
 */
export function runStudy(input: RunStudyInput, options: RunStudyOptions = {}): Promise<StudyRun> {
  return explaining(() => run(input, options));
}

async function run(
  { study, out, work }: RunStudyInput,
  options: RunStudyOptions,
): Promise<StudyRun> {
  await requireStudyPlace(out, study.name, options.overwrite ?? false);
  return finishStudy(await openStudy({ study, work }, options), { study, out, work }, options);
}

/**
 * Scores what is not, compares and writes the results of a study that was opened.
 * @param earlier the folder of earlier results, which stay where nothing has changed
 * @throws as {@link runStudy}
 */
export async function finishStudy(
  opened: OpenedStudy,
  { study, out, work }: RunStudyInput,
  options: RunStudyOptions,
  earlier = out,
): Promise<StudyRun> {
  const { provider = 'cpu' } = options;
  const { sets, failures } = opened;
  const scored = await scoreCells(opened.cells, { study, work, provider }, options, failures);
  requireSome(scored, failures, study);
  const scores = scored.map((each) => toScores(each)).sort(inSetOrder(study));
  const meanSides = Object.fromEntries([...sets].map(([name, { meanSide }]) => [name, meanSide]));
  const key = keyOf(study, scores, meanSides, failures);
  const counts = {
    scored: scored.filter(({ reused }) => !reused).length,
    reused: scored.filter(({ reused }) => reused).length,
  };
  const kept = await keptResults(earlier, key);
  if (kept) {
    const all = [...failures, ...laterFailures(kept, failures.length)];
    return { out, results: kept, failures: all, ...counts, isUnchanged: true };
  }
  const made = await makeResults({ study, scores, meanSides, failures }, options);
  throwIfAborted(options.signal, 'study');
  const { figures } = study;
  const shown = [...sets].flatMap(([name, { set }]) =>
    study.examples && set.images && scores.some((each) => each.set === name) ? [set] : [],
  );
  const { results, compared } = made;
  const input = { out, figures, key, results, compared, scores, sets: shown };
  const written = await whenFree(() => writeStudy(input, options), options);
  const all = [...made.failures, ...written.failures];
  return { out, results: written.results, failures: all, ...counts, isUnchanged: false };
}

/** What failed when the results were made, of which they say the code. */
function laterFailures({ failures }: StudyResults, earlier: number): StudyFailure[] {
  return failures.slice(earlier).map(({ set, model, code }) => ({
    set,
    model,
    error: new EvaluationError('this could not be made of these scores', {
      code: code as ErrorCode,
    }),
  }));
}

/** What there is to do in a study. */
export interface OpenedStudy {
  /** Model by model, each on its sets: those that can be scored. */
  cells: OpenedCell[];
  sets: ReadonlyMap<string, OpenedSet>;
  /** Models and sets that cannot be read. */
  failures: StudyFailure[];
}

/** A model on a set whose images are there. */
export interface OpenedCell {
  cell: StudyCell;
  set: OpenedSet['set'];
}

/**
 * Finds the models and opens the sets; datasets of recipes are generated, unless an earlier run did.
 * @param open opens a set by its name
 * @throws EvaluationError `cards-same-name`; AbortedError
 */
export async function openStudy(
  { study, work }: Pick<RunStudyInput, 'study' | 'work'>,
  options: RunStudyOptions,
  open = (name: string): Promise<OpenedSet> => openStudySet(study, name, work, options),
): Promise<OpenedStudy> {
  const listed = await listModels(study);
  const { failures } = listed;
  const sets = await openSets(study, open, failures);
  const cells = listed.cells.flatMap((cell) => {
    const opened = sets.get(cell.set);
    return opened && isFor(cell, opened) ? [{ cell, set: opened.set }] : [];
  });
  return { cells, sets, failures };
}

async function openSets(
  study: Study,
  open: (name: string) => Promise<OpenedSet>,
  failures: StudyFailure[],
): Promise<Map<string, OpenedSet>> {
  const sets = new Map<string, OpenedSet>();
  for (const name of Object.keys(study.sets)) {
    try {
      sets.set(name, await open(name));
    } catch (error) {
      failures.push({ set: name, error: asFailure(error) });
    }
  }
  return sets;
}

/** Whether a model can be scored on a set: one that is run on all sets needs no set without images. */
export function isFor({ from }: StudyCell, { set }: OpenedSet): boolean {
  return from.kind === 'predictions' || from.isForSet || set.images !== undefined;
}

/**
 * Scores models on sets, unless an earlier run did; what fails is put to the failures.
 * @throws AbortedError
 */
export async function scoreCells(
  cells: readonly OpenedCell[],
  { study, ...places }: Pick<RunStudyInput, 'study'> & Omit<CellContext, 'scores'>,
  options: RunStudyOptions,
  failures: StudyFailure[],
): Promise<ScoredCell[]> {
  const context: CellContext = { ...places, scores: study.scores };
  const scored: ScoredCell[] = [];
  for (const [index, { cell, set }] of cells.entries()) {
    throwIfAborted(options.signal, 'study');
    const { model, set: name } = cell;
    const onStart = (): void => options.onScore?.(model, name, index, cells.length);
    try {
      scored.push(await scoreCell(cell, set, context, { ...options, onStart }));
    } catch (error) {
      failures.push({ set: name, model, error: asFailure(error) });
    }
  }
  return scored;
}

function requireSome(
  scored: readonly ScoredCell[],
  failures: readonly StudyFailure[],
  { path }: Study,
): void {
  if (scored.length > 0) return;
  const [first] = failures;
  const because = first ? `: ${first.error.message}` : '';
  throw new EvaluationError(`no model could be scored on any of its sets${because}`, {
    code: 'study-no-scores',
    path,
    fix: first ? undefined : 'add images to a set, or predictions to the models',
    cause: first?.error,
  });
}

function toScores({
  cell: { set, model },
  stored: { folder: kept, scorecard, perImage },
}: ScoredCell): StudyScores & { kept: string } {
  const folder = `scores/${folderName(set)}/${folderName(model)}`;
  const sha256 = sha256File(join(kept, SCORECARD_FILE));
  return { set, model, folder, sha256, scorecard, perImage, kept };
}

/** Set by set; the models of each stay in their order. */
function inSetOrder({ sets }: Study): (a: StudyScores, b: StudyScores) => number {
  const names = Object.keys(sets);
  return (a, b) => names.indexOf(a.set) - names.indexOf(b.set);
}

/** The digest of all that results depend on. */
function keyOf(
  study: Study,
  scores: readonly StudyScores[],
  meanSides: Readonly<Record<string, Record<string, number> | undefined>>,
  failures: readonly StudyFailure[],
): string {
  return digestOf({
    patchml: PATCHML_VERSION,
    // Where its files lie is no part of it; what is undefined is left out.
    study: JSON.parse(JSON.stringify({ ...study, path: undefined, inputs: undefined })) as unknown,
    scores: scores.map(({ folder, sha256 }) => [folder, sha256]),
    meanSides: Object.entries(meanSides).flatMap(([set, sides]) => (sides ? [[set, sides]] : [])),
    failures: failures.map(({ set = null, model = null, error }) => [set, model, error.code]),
  });
}
