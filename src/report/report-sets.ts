import { EvaluationError } from '../errors.js';
import type { StageOptions } from '../progress.js';
import type { ModelComparison } from '../score/compare-models.js';
import type { SetComparison } from '../score/compare-sets.js';
import { byAsma } from '../score/scorecard-table.js';
import type { Scorecard } from '../score/scorecard.js';
import { openAllScores, type StoredScores } from '../score/scores-folder.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import type { FigureView } from './chart-data.js';

/** A set, with the scores of all models on it, the highest ASMA first. */
export interface ReportSet {
  /** Its name; where several sets have one name, with their label rule or digest. */
  name: string;
  set: Scorecard['set'];
  runs: StoredScores[];
  /** Its images and labels, where they were given. */
  evaluation?: EvaluationSet;
}

/** What figures are made of. */
export interface FigureInput {
  sets: readonly ReportSet[];
  /** What was compared already, and is shown as it is; by default all that can be compared. */
  compared?: Compared | undefined;
  options: Pick<StageOptions, 'signal' | 'onProgress'>;
}

/** Comparisons of sets and of models. */
export interface Compared {
  gaps: readonly SetComparison[];
  /** One for each set; undefined where figures are to choose the baseline. */
  differences?: readonly ModelComparison[] | undefined;
}

/** The charts of a figure, or the reason why there is none. */
export type Views = FigureView[] | string;

/**
 * Opens scores and sorts them by set, in the order in which the sets were first named.
 *
 * @param paths folders of scores, or folders that contain some
 * @param isNamed whether the same images and labels under two names are two sets. Default false
 * @throws EvaluationError `report-model-twice` where two are of one model on one set
 * @throws EvaluationError, OutputError as `openAllScores` does
 */
export async function openReportSets(
  paths: readonly string[],
  isNamed = false,
): Promise<ReportSet[]> {
  const sets = new Map<string, StoredScores[]>();
  for (const run of await openAllScores(paths)) {
    const { digest, name } = run.scorecard.set;
    const key = isNamed ? `${digest} ${name}` : digest;
    const runs = sets.get(key) ?? [];
    sets.set(key, runs);
    const twin = runs.find(({ scorecard }) => scorecard.model.name === run.scorecard.model.name);
    if (twin) throw modelTwice(run, twin);
    runs.push(run);
  }
  const all = [...sets.values()];
  const heads = all.map(([first]) => first!.scorecard.set);
  return all.map((runs, at) => ({
    name: nameAmong(heads[at]!, heads),
    set: heads[at]!,
    runs: runs.sort((a, b) => byAsma(a.scorecard, b.scorecard)),
  }));
}

function modelTwice({ folder, scorecard }: StoredScores, twin: StoredScores): EvaluationError {
  const { model, set } = scorecard;
  return new EvaluationError(`${model.name} on ${set.name} is also in ${twin.folder}`, {
    code: 'report-model-twice',
    path: folder,
    fix: 'pass only one of the two, or score them under different names (--model)',
  });
}

const DIGITS = 8;

function nameAmong(set: Scorecard['set'], all: readonly Scorecard['set'][]): string {
  const { name, rule, digest } = set;
  const sameName = all.filter((other) => other.name === name);
  if (sameName.length === 1) return name;
  const ofRule = `${name}, ${rule} labels`;
  const isOneRule = sameName.filter((other) => other.rule === rule).length === 1;
  return isOneRule ? ofRule : `${ofRule} (${digest.slice(0, DIGITS)})`;
}
