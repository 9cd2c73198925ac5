import { EvaluationError } from '../errors.js';
import { type BootstrapSettings, bootstrapSettings } from '../metrics/bootstrap.js';
import {
  asmaStatistic,
  meanStatistic,
  type PerImage,
  type Statistic,
  subgroupStatistics,
} from '../metrics/index.js';
import type { StageOptions } from '../progress.js';
import { labelSetOfCounts, type PerImageScores } from './images-csv.js';
import { within } from './measures.js';
import { type NewScorecard, RULES, subgroupName } from './scorecard.js';
import type { StoredScores } from './scores-folder.js';

/** The metrics that models are compared in. */
export const COMPARED_METRICS = ['top1', 'real', 'variableTopK', 'asma', 'exactMatch'] as const;

export type ComparedMetric = (typeof COMPARED_METRICS)[number];

/** Scores to compare: what `openScores` gives. */
export interface ScoreRun extends Pick<StoredScores, 'folder' | 'perImage'> {
  scorecard: NewScorecard;
}

/** How to compare. */
export interface CompareOptions extends Omit<StageOptions, 'jobs'> {
  /** Of the bootstrap. Default `'42'`. */
  seed?: string | undefined;
  /** Default 1,000. */
  resamples?: number | undefined;
  /** Coverage of the intervals. Default 0.95. */
  level?: number | undefined;
  /** A number about fewer images has no interval. Default 20. */
  minImages?: number | undefined;
}

/** The options a comparison was made with. */
export interface ComparedWith extends BootstrapSettings {
  maxGroup: number;
  /** The subgroups that every model has images and ranks for, such as `A_2`: ASMA is of these. */
  subgroups: string[];
}

/** Metrics that were left out, and why. */
export type LeftOut = Partial<Record<StatisticName, string>>;

/**
 * The options with their defaults, and what the scorecards have in common.
 *
 * @param runs one or more
 * @throws EvaluationError `compare-other-subgroups` where their ASMA is of other subgroups
 * @throws MetricsError for options out of range
 */
export function comparedWith(options: CompareOptions, runs: readonly ScoreRun[]): ComparedWith {
  const settings = bootstrapSettings(options);
  const [first] = runs as readonly [ScoreRun];
  const { maxGroup } = first.scorecard.options;
  const other = runs.find(({ scorecard }) => scorecard.options.maxGroup !== maxGroup);
  if (!other) return { ...settings, maxGroup, subgroups: commonSubgroups(runs) };
  const found = other.scorecard.options.maxGroup;
  throw new EvaluationError(
    `these scores have subgroups up to ${found} labels, those of ${first.folder} up to ${maxGroup}`,
    {
      code: 'compare-other-subgroups',
      path: other.folder,
      fix: 'score both with the same --max-group',
    },
  );
}

function commonSubgroups(runs: readonly ScoreRun[]): string[] {
  const [first, ...others] = runs.map(({ scorecard }) => scorecard.metrics.asma?.subgroups ?? []);
  return first!.filter((group) => others.every((subgroups) => subgroups.includes(group)));
}

/** Everything that is compared: what `statisticsOf` gives, beside the subgroups. */
export type StatisticName = (typeof STATISTIC_NAMES)[number];

const STATISTIC_NAMES = [
  ...(['top1', 'top5', 'real', 'variableTopK', 'variableTopKAny', 'exactMatch'] as const),
  ...(['asma', 'asmaAny', 'asmaExact'] as const),
  ...(['imageWeighted', 'imageWeightedAny', 'imageWeightedExact'] as const),
];

/**
 * The statistics of a model that its scorecard says it has, by name, with the subgroups under every
 * hit rule.
 *
 * @param subgroups those that ASMA is made of
 */
export function statisticsOf(
  { metrics }: NewScorecard,
  perImage: PerImageScores,
  { maxGroup, subgroups }: Pick<ComparedWith, 'maxGroup' | 'subgroups'>,
): Partial<Record<string, Statistic>> {
  const labels = labelSetOfCounts(perImage.k, 1);
  const only = subgroups.map((name) => name.slice('A_'.length));
  const asma = (values: PerImage): Statistic => asmaStatistic(values, labels, { maxGroup, only });
  const weighted = (values: PerImage): Statistic => meanStatistic(within(asma(values), values));
  const { variableTopK, any, exact } = perImage;
  const statistics: Record<StatisticName, () => Statistic> = {
    top1: () => meanStatistic(perImage.top1),
    top5: () => meanStatistic(perImage.top5),
    real: () => meanStatistic(perImage.real),
    variableTopK: () => meanStatistic(variableTopK),
    variableTopKAny: () => meanStatistic(any),
    exactMatch: () => meanStatistic(exact),
    asma: () => asma(variableTopK),
    asmaAny: () => asma(any),
    asmaExact: () => asma(exact),
    imageWeighted: () => weighted(variableTopK),
    imageWeightedAny: () => weighted(any),
    imageWeightedExact: () => weighted(exact),
  };
  const present = STATISTIC_NAMES.filter((name) => metrics[name] !== undefined);
  const reached = { fraction: variableTopK, any, exact };
  const groups = RULES.flatMap((rule) =>
    Object.entries(subgroupStatistics(reached[rule], labels, { maxGroup, only })).map(
      ([group, each]) => [subgroupName(group, rule), each] as const,
    ),
  );
  return Object.fromEntries([
    ...present.map((name) => [name, statistics[name]()] as const),
    ...groups,
  ]);
}

/** Which of these metrics one of two scorecards lacks, and why. */
export function leftOutOf(
  names: readonly StatisticName[],
  scorecards: readonly NewScorecard[],
): LeftOut {
  const leftOut: LeftOut = {};
  for (const name of names) {
    const without = scorecards.find(({ metrics }) => metrics[name] === undefined);
    if (!without) continue;
    const { model, set, unavailable } = without;
    leftOut[name] = `${model.name} on ${set.name}: ${unavailable[name] ?? 'not in its scorecard'}`;
  }
  return leftOut;
}
