import type { EvaluationSet } from '../evaluate/evaluation-set.js';
import {
  asmaStatistic,
  labelCounts,
  meanStatistic,
  subgroupStatistics,
  type LabelSet,
  type PerImage,
  type Statistic,
} from '../metrics/index.js';
import { classMeanStatistic } from './class-mean-statistic.js';
import {
  NO_ORIGINALS,
  tooFewRanks,
  type ImageMeasures,
  type Unavailable,
} from './measure-images.js';
import { subgroupName } from './metric-names.js';

/** The rule under which the accuracy is a mean of classes. */
const CLASS_MEAN_RULE = 'multi-label-tfds';

/** What has an interval, by the metric's name, and why others do not. */
export interface Statistics {
  statistics: Record<string, Statistic>;
  unavailable: Unavailable;
}

/**
 * The statistics of a scorecard that can be taken again on resampled images.
 *
 * @param measures in the set's order
 * @param ranked how many classes the predictions rank, at least as many as are needed or as there are
 */
export function makeStatistics(
  { values, reached }: ImageMeasures,
  ranked: number,
  labels: LabelSet,
  { originals, rule }: Pick<EvaluationSet, 'originals' | 'rule'>,
  maxGroup: number,
): Statistics {
  const means = Object.entries(values).map(([name, each]) => [name, meanStatistic(each)] as const);
  const statistics: Record<string, Statistic> = Object.fromEntries(means);
  const unavailable: Unavailable = {};
  addSubgroups({ statistics, unavailable }, reached.fraction, ranked, labels, maxGroup);
  if (values.variableTopK) {
    statistics['asma'] = asmaStatistic(values.variableTopK, labels, { maxGroup });
  }
  if (rule === CLASS_MEAN_RULE) {
    const ofClasses = originals && classMeanStatistic(values.real!, originals, labels.classCount);
    if (ofClasses) statistics['realPerClass'] = ofClasses;
    else unavailable['realPerClass'] = NO_ORIGINALS;
  }
  return { statistics, unavailable };
}

/** A subgroup is whole only where the ranks reach the labels of all its images. */
function addSubgroups(
  { statistics, unavailable }: Statistics,
  reached: PerImage,
  ranked: number,
  labels: LabelSet,
  maxGroup: number,
): void {
  const largest = labelCounts(labels).reduce((a, b) => Math.max(a, b), 0);
  const groups = Object.entries(subgroupStatistics(reached, labels, { maxGroup }));
  groups.forEach(([group, statistic], at) => {
    const name = subgroupName(group);
    const needed = at < maxGroup ? at + 1 : largest;
    const isReached = needed <= ranked || !hasImages(labels, at + 1, needed);
    if (isReached) statistics[name] = statistic;
    else unavailable[name] = tooFewRanks(needed, ranked);
  });
}

/** Whether an image has from `fewest` to `most` labels. */
function hasImages(labels: LabelSet, fewest: number, most: number): boolean {
  return labelCounts(labels).some((k) => k >= fewest && k <= most);
}
