import { EvaluationError } from '../errors.js';
import { byteOrder } from '../files/listing.js';
import { gap, type Statistic } from '../metrics/index.js';
import { throwIfAborted } from '../progress.js';
import { PATCHML_VERSION } from '../version.js';
import {
  comparedWith,
  type ComparedWith,
  type CompareOptions,
  type LeftOut,
  leftOutOf,
  type ScoreRun,
  statisticsOf,
} from './compared.js';
import { type NewScorecard, numberOrNull } from './scorecard.js';

/** The metrics that sets are compared in. */
export const GAP_METRICS = ['top1', 'real', 'variableTopK', 'asma'] as const;

/** Under two rules "a valid class" means two things; no difference of ReaL is about the images. */
const OTHER_RULES = "the sets' labels are of two rules";

export type GapMetric = (typeof GAP_METRICS)[number];

/** A gap, the first set minus the second, with its bootstrap interval. */
export interface Gap {
  value: number | null;
  low: number | null;
  high: number | null;
  first: number | null;
  second: number | null;
  /** Images in the two numbers. */
  n: readonly [first: number, second: number];
}

/** The gaps of one model. */
export interface ModelGap {
  model: string;
  gaps: Partial<Record<GapMetric, Gap>>;
  leftOut: LeftOut;
}

/** Two sets under the same models: `gap.json`. */
export interface SetComparison {
  format: 'patchml-gap';
  version: 1;
  patchml: string;
  /** With how many images have how many labels. */
  first: NewScorecard['set'];
  second: NewScorecard['set'];
  options: ComparedWith;
  /** By name. */
  models: ModelGap[];
  /** Models with scores on one of the sets only. */
  unmatched: { first: string[]; second: string[] };
}

/** The scores of models on two sets. */
export interface CompareSetsInput {
  first: readonly ScoreRun[];
  second: readonly ScoreRun[];
}

/**
 * Compares two sets by the models that have scores on both; models are matched by name. The two
 * are resampled independently, as they have different images.
 *
 * @throws EvaluationError `gap-no-models`, `gap-model-twice`, `compare-other-set`,
 *   `compare-other-subgroups`
 */
export async function compareSets(
  { first: runsA, second: runsB }: CompareSetsInput,
  options: CompareOptions = {},
): Promise<SetComparison> {
  const [first, second] = [byModel(runsA), byModel(runsB)];
  const names = [...first.keys()].filter((name) => second.has(name)).sort(byteOrder);
  if (names.length === 0) {
    throw new EvaluationError('no model has scores on both sets', {
      code: 'gap-no-models',
      fix: 'score a model on both under one name (--model)',
    });
  }
  const [setA, setB] = [runsA[0]!.scorecard.set, runsB[0]!.scorecard.set];
  const settings = comparedWith(options, [...runsA, ...runsB]);
  const { signal } = options;
  const models: ModelGap[] = [];
  for (const name of names) {
    throwIfAborted(signal, 'compare');
    models.push(await gapOf(name, first.get(name)!, second.get(name)!, { ...settings, signal }));
    const done = models.length;
    options.onProgress?.({ stage: 'compare', done, total: names.length, unit: 'models' });
  }
  const without = (all: ReadonlyMap<string, ScoreRun>): string[] =>
    [...all.keys()].filter((name) => !names.includes(name)).sort(byteOrder);
  return {
    format: 'patchml-gap',
    version: 1,
    patchml: PATCHML_VERSION,
    first: setA,
    second: setB,
    options: settings,
    models,
    unmatched: { first: without(first), second: without(second) },
  };
}

/**
 * Of many scores, those on one set.
 *
 * @param name the set's name, or how it begins if no other begins like that
 * @throws EvaluationError `gap-unknown-set`
 */
export function scoresOnSet<T extends ScoreRun>(scores: readonly T[], name: string): T[] {
  const sets = [...new Set(scores.map(({ scorecard }) => scorecard.set.name))].sort(byteOrder);
  const beginning = sets.filter((set) => set.startsWith(name));
  const found = sets.includes(name) ? name : beginning.length === 1 ? beginning[0] : undefined;
  if (found !== undefined) return scores.filter(({ scorecard }) => scorecard.set.name === found);
  const isMany = beginning.length > 1;
  throw new EvaluationError(`${isMany ? 'several sets begin with' : 'no scores on'} "${name}"`, {
    code: 'gap-unknown-set',
    fix: `name one of: ${(isMany ? beginning : sets).join(', ')}`,
  });
}

async function gapOf(
  model: string,
  a: ScoreRun,
  b: ScoreRun,
  { maxGroup, ...settings }: ComparedWith & Pick<CompareOptions, 'signal'>,
): Promise<ModelGap> {
  const leftOut = leftOutOf(GAP_METRICS, [a.scorecard, b.scorecard]);
  if (a.scorecard.set.rule !== b.scorecard.set.rule) leftOut.real = OTHER_RULES;
  const both = GAP_METRICS.filter((name) => leftOut[name] === undefined);
  const statistics = async ({
    scorecard,
    perImage,
  }: ScoreRun): Promise<Record<string, Statistic>> => {
    const all = statisticsOf(scorecard, await perImage(), maxGroup);
    return Object.fromEntries(both.map((name) => [name, all[name]!]));
  };
  const intervals = await gap(await statistics(a), await statistics(b), settings);
  const gaps: ModelGap['gaps'] = {};
  for (const name of both) {
    const { estimate, low, high, first, second, images } = intervals[name]!;
    gaps[name] = {
      value: numberOrNull(estimate),
      low: numberOrNull(low),
      high: numberOrNull(high),
      first: numberOrNull(first),
      second: numberOrNull(second),
      n: images,
    };
  }
  return { model, gaps, leftOut };
}

/** @throws EvaluationError where the runs are of several sets, or two of one model */
function byModel(runs: readonly ScoreRun[]): Map<string, ScoreRun> {
  const models = new Map<string, ScoreRun>();
  for (const run of runs) {
    const { model, set } = run.scorecard;
    const other = models.get(model.name);
    if (other) {
      throw new EvaluationError(`${model.name} on ${set.name} is also in ${other.folder}`, {
        code: 'gap-model-twice',
        path: run.folder,
        fix: 'name one of the two, or score them under different names (--model)',
      });
    }
    if (set.digest !== runs[0]!.scorecard.set.digest) {
      throw new EvaluationError(`these are scores on another ${set.name} than ${runs[0]!.folder}`, {
        code: 'compare-other-set',
        path: run.folder,
        fix: 'score all models on the same images and labels',
      });
    }
    models.set(model.name, run);
  }
  return models;
}
