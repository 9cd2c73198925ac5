import { dirname, resolve, sep } from 'node:path';
import { EvaluationError } from '../errors.js';
import { byteOrder } from '../files/listing.js';
import { differenceInterval } from '../metrics/bootstrap.js';
import type { Statistic } from '../metrics/index.js';
import { resample, type Resampled } from '../metrics/resample.js';
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

/** The mean gap of several models, with the bootstrap interval over images of the mean of these models. */
export interface MeanGap {
  value: number;
  low: number | null;
  high: number | null;
  /** The smallest and the largest gap of one of them. */
  least: number;
  most: number;
  models: number;
}

/** Two sets under the same models: `gap.json`. */
export interface SetComparison {
  format: 'patchml-gap';
  version: 2;
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
  const pairs = names.map((name): RunPair => [first.get(name)!, second.get(name)!]);
  const measured = await measurePairs(pairs, settings, options);
  const models = measured.map((sides, at) => ({
    model: names[at]!,
    gaps: gapsOf(sides, settings),
    leftOut: leftOutOf(GAP_METRICS, [pairs[at]![0].scorecard, pairs[at]![1].scorecard]),
  }));
  const without = (all: ReadonlyMap<string, ScoreRun>): string[] =>
    [...all.keys()].filter((name) => !names.includes(name)).sort(byteOrder);
  return {
    format: 'patchml-gap',
    version: 2,
    patchml: PATCHML_VERSION,
    first: setA,
    second: setB,
    options: settings,
    models,
    mean: meanGaps(models, measured, settings),
    unmatched: { first: without(first), second: without(second) },
  };
}

/** The scores of one model on the two sets. */
type RunPair = readonly [first: ScoreRun, second: ScoreRun];

/** A model's statistics on resamples of the first set and of the second, under the same names. */
type Sides = readonly [Record<string, Resampled>, Record<string, Resampled>];

/** Models whose images are in memory at a time. */
const BLOCK = 16;

/** Takes the statistics of models on the resamples that `gap` makes, but drawn once for many models. */
async function measurePairs(
  pairs: readonly RunPair[],
  settings: ComparedWith,
  { signal, onProgress }: CompareOptions,
): Promise<Sides[]> {
  const measured: Sides[] = [];
  const drawing = { resamples: settings.resamples, signal, stage: 'compare' } as const;
  for (let start = 0; start < pairs.length; start += BLOCK) {
    const block: [Statistics, Statistics][] = [];
    for (const [a, b] of pairs.slice(start, start + BLOCK)) {
      throwIfAborted(signal, 'compare');
      const first = statisticsOf(a.scorecard, await a.perImage(), settings);
      const second = statisticsOf(b.scorecard, await b.perImage(), settings);
      block.push([within(first, second), within(second, first)]);
    }
    const first = await resample(
      block.map(([each]) => each),
      `${settings.seed}/gap/first`,
      drawing,
    );
    const second = await resample(
      block.map(([, each]) => each),
      `${settings.seed}/gap/second`,
      drawing,
    );
    measured.push(...first.map((each, at) => [each, second[at]!] as const));
    onProgress?.({ stage: 'compare', done: measured.length, total: pairs.length, unit: 'models' });
  }
  return measured;
}

type Statistics = Record<string, Statistic>;

/** Those that are among the others too. */
function within(
  statistics: Partial<Statistics>,
  others: Readonly<Partial<Statistics>>,
): Statistics {
  return Object.fromEntries(
    Object.entries(statistics).flatMap(([name, each]) =>
      each && others[name] ? [[name, each] as const] : [],
    ),
  );
}

function gapsOf([first, second]: Sides, settings: ComparedWith): ModelGap['gaps'] {
  const gaps: ModelGap['gaps'] = {};
  for (const name of Object.keys(first) as GapMetric[]) {
    const [one, other] = [first[name]!, second[name]!];
    const { estimate, low, high } = differenceInterval(one, other, settings);
    gaps[name] = {
      value: numberOrNull(estimate),
      low: numberOrNull(low),
      high: numberOrNull(high),
      first: numberOrNull(one.estimate),
      second: numberOrNull(other.estimate),
      n: [one.images, other.images],
    };
  }
  return gaps;
}

function meanGaps(
  models: readonly ModelGap[],
  measured: readonly Sides[],
  settings: ComparedWith,
): SetComparison['mean'] {
  const names = new Set(models.flatMap(({ gaps }) => Object.keys(gaps) as GapMetric[]));
  const mean: SetComparison['mean'] = {};
  for (const name of names) {
    const having = models.flatMap(({ gaps }, at) => {
      const value = gaps[name]?.value ?? undefined;
      return value === undefined ? [] : [{ value, sides: measured[at]! }];
    });
    if (having.length === 0) continue;
    const values = having.map(({ value }) => value);
    const { low, high } = differenceInterval(
      meanOf(having.map(({ sides }) => sides[0][name]!)),
      meanOf(having.map(({ sides }) => sides[1][name]!)),
      settings,
    );
    mean[name] = {
      value: values.reduce((sum, value) => sum + value, 0) / values.length,
      low: numberOrNull(low),
      high: numberOrNull(high),
      least: Math.min(...values),
      most: Math.max(...values),
      models: values.length,
    };
  }
  return mean;
}

/** The mean of models on the same resamples. */
function meanOf(models: readonly Resampled[]): Resampled {
  const meanAt = (value: (model: Resampled) => number): number =>
    models.reduce((sum, model) => sum + value(model), 0) / models.length;
  const [{ distribution }] = models as [Resampled];
  return {
    estimate: meanAt(({ estimate }) => estimate),
    images: Math.min(...models.map(({ images }) => images)),
    distribution: distribution.map((_, at) => meanAt((model) => model.distribution[at]!)),
  };
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
