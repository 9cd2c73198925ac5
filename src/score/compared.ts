import { EvaluationError } from '../errors.js';
import { type BootstrapSettings, bootstrapSettings } from '../metrics/bootstrap.js';
import { asmaStatistic, meanStatistic, type Statistic } from '../metrics/index.js';
import type { StageOptions } from '../progress.js';
import { labelSetOfCounts, type PerImageScores } from './images-csv.js';
import type { NewScorecard } from './scorecard.js';
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
}

/** The options a comparison was made with. */
export interface ComparedWith extends BootstrapSettings {
  maxGroup: number;
}

/** Metrics that were left out, and why. */
export type LeftOut = Partial<Record<ComparedMetric, string>>;

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
  if (!other) return { ...settings, maxGroup };
  const found = other.scorecard.options.maxGroup;
  throw new EvaluationError(
    `these scores have subgroups up to ${found} labels, those of ${first.folder} up to ${maxGroup}`,
    {
      code: 'compare-other-subgroups',
      path: other.folder,
      fix: 'score both with one --max-group',
    },
  );
}

/** The statistics of a model that its scorecard says it has. */
export function statisticsOf(
  { metrics }: NewScorecard,
  perImage: PerImageScores,
  maxGroup: number,
): Partial<Record<ComparedMetric, Statistic>> {
  const labels = labelSetOfCounts(perImage.k, 1);
  const statistics: Record<ComparedMetric, () => Statistic> = {
    top1: () => meanStatistic(perImage.top1),
    real: () => meanStatistic(perImage.real),
    variableTopK: () => meanStatistic(perImage.variableTopK),
    asma: () => asmaStatistic(perImage.variableTopK, labels, { maxGroup }),
    exactMatch: () => meanStatistic(perImage.exact),
  };
  const present = COMPARED_METRICS.filter((name) => metrics[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, statistics[name]()]));
}

/** Which of these metrics one of two scorecards lacks, and why. */
export function leftOutOf(
  names: readonly ComparedMetric[],
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
