import { dirname, resolve, sep } from 'node:path';
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
} from './compare-statistics.js';
import { type NewScorecard, numberOrNull } from './scorecard.js';

/** The metrics that sets are compared in, beside the subgroups, under every hit rule. */
export const GAP_METRICS = [
  ...(['top1', 'top5', 'real', 'variableTopK', 'variableTopKAny', 'exactMatch'] as const),
  ...(['asma', 'asmaAny', 'asmaExact'] as const),
  ...(['imageWeighted', 'imageWeightedAny', 'imageWeightedExact'] as const),
] as const;

export type GapMetric = (typeof GAP_METRICS)[number] | `A_${string}`;

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

/** The mean gap of several models. */
export interface MeanGap {
  value: number;
  models: number;
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
  /** Over the models that have each metric on both sets. */
  mean: Partial<Record<GapMetric, MeanGap>>;
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
    mean: meanGaps(models),
    unmatched: { first: without(first), second: without(second) },
  };
}

function meanGaps(models: readonly ModelGap[]): SetComparison['mean'] {
  const names = new Set(models.flatMap(({ gaps }) => Object.keys(gaps) as GapMetric[]));
  const mean: SetComparison['mean'] = {};
  for (const name of names) {
    const values = models.flatMap(({ gaps }) => gaps[name]?.value ?? []);
    if (values.length === 0) continue;
    mean[name] = {
      value: values.reduce((sum, value) => sum + value, 0) / values.length,
      models: values.length,
    };
  }
  return mean;
}

/**
 * Of many scores, those on one set.
 *
 * @param name the set's name, how it begins if no other begins like that, or a folder: its path, or
 *   its name, as in `output/scores/<folder>/<model>`
 * @throws EvaluationError `gap-unknown-set`
 */
export function scoresOnSet<T extends ScoreRun>(scores: readonly T[], name: string): T[] {
  const ofName = scores.filter(({ scorecard }) => scorecard.set.name === name);
  if (isOneSet(ofName)) return ofName;
  const inFolder = scores.filter(({ folder }) => isIn(folder, name));
  if (isOneSet(inFolder)) return inFolder;
  const beginning = scores.filter(({ scorecard }) => scorecard.set.name.startsWith(name));
  if (isOneSet(beginning)) return beginning;
  const several = [ofName, inFolder, beginning].find((found) => found.length > 0);
  const isSeveral = several === undefined ? 'no scores on' : 'several sets match';
  throw new EvaluationError(`${isSeveral} "${name}"`, {
    code: 'gap-unknown-set',
    fix: `choose one of: ${setNames(several ?? scores).join(', ')}`,
  });
}

function isOneSet(scores: readonly ScoreRun[]): boolean {
  return new Set(scores.map(({ scorecard }) => scorecard.set.digest)).size === 1;
}

/** Whether a folder of scores is this one, below it, or in one of this name. */
function isIn(folder: string, name: string): boolean {
  const [path, root] = [resolve(folder), resolve(name)];
  return path === root || path.startsWith(`${root}${sep}`) || path.split(sep).includes(name);
}

/** The names of the sets; where one name is of several sets, their folders. */
function setNames(scores: readonly ScoreRun[]): string[] {
  const digests = new Map<string, Set<string>>();
  for (const { scorecard } of scores) {
    const { name, digest } = scorecard.set;
    digests.set(name, (digests.get(name) ?? new Set()).add(digest));
  }
  const names = scores.map(({ scorecard, folder }) =>
    digests.get(scorecard.set.name)!.size === 1 ? scorecard.set.name : dirname(folder),
  );
  return [...new Set(names)].sort(byteOrder);
}

async function gapOf(
  model: string,
  a: ScoreRun,
  b: ScoreRun,
  settings: ComparedWith & Pick<CompareOptions, 'signal'>,
): Promise<ModelGap> {
  const [first, second] = [
    statisticsOf(a.scorecard, await a.perImage(), settings),
    statisticsOf(b.scorecard, await b.perImage(), settings),
  ];
  const both = Object.keys(first).filter((name) => second[name] !== undefined) as GapMetric[];
  const pick = (from: typeof first): Record<string, Statistic> =>
    Object.fromEntries(both.map((name) => [name, from[name]!]));
  const intervals = await gap(pick(first), pick(second), settings);
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
  return { model, gaps, leftOut: leftOutOf(GAP_METRICS, [a.scorecard, b.scorecard]) };
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
        fix: 'pass only one of the two, or score them under different names (--model)',
      });
    }
    if (set.digest !== runs[0]!.scorecard.set.digest) {
      throw new EvaluationError(
        `these scores are on another ${set.name} than those of ${runs[0]!.folder}`,
        {
          code: 'compare-other-set',
          path: run.folder,
          fix: 'score all models on the same images and labels',
        },
      );
    }
    models.set(model.name, run);
  }
  return models;
}
