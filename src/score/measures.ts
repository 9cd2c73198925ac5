import {
  asmaStatistic,
  classMeanStatistic,
  coverageError,
  imageAveragePrecision,
  labelCounts,
  labelRankingAveragePrecision,
  labelRankingLoss,
  type LabelSet,
  meanStatistic,
  type PerImage,
  precisionRecall,
  realAccuracy,
  type Statistic,
  subgroupStatistics,
  topNAccuracy,
  variableTopK,
  type VariableTopKRule,
  withoutUnlabelled,
} from '../metrics/index.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import type { Rankings } from './read-rankings.js';
import { type AsmaParts, type MetricName, RULES, subgroupName } from './scorecard.js';

/** Why metrics are not in a scorecard. */
type Unavailable = Record<string, string>;

/** Every metric that is a mean over images, image by image, in the order of what it was made of. */
export interface ImageMeasures {
  /** Those that could be computed. */
  values: Partial<Record<MetricName, PerImage>>;
  /** Variable top-k of the images whose labels the ranks reach; `NaN` for the others. */
  reached: Record<VariableTopKRule, PerImage>;
  unavailable: Unavailable;
}

/** The reason where a set has only lists of valid classes. */
export const NO_ORIGINALS = 'the set has no original labels';
/** The reason where a file has ranks. */
const NO_SCORES = 'needs the scores of all classes, but the predictions are ranks';

/** The reason where a file has too few ranks. */
function tooFewRanks(needed: number, found: number): string {
  return `needs the ${needed} highest classes, but the predictions have ${found}`;
}

/**
 * Scores each image under every metric that the predictions allow. Images without labels are left out
 * of every metric that needs labels.
 *
 * @param originals the original label of each image
 */
export function measureImages(
  { top, ranks }: Rankings,
  labels: LabelSet,
  originals: ArrayLike<number> | undefined,
): ImageMeasures {
  const most = labelCounts(labels).reduce((a, b) => Math.max(a, b), 0);
  const near = withLabelsUpTo(labels, top.n);
  const reached = {
    fraction: variableTopK(top, near),
    any: variableTopK(top, near, 'any'),
    exact: variableTopK(top, near, 'exact'),
  };
  const values: ImageMeasures['values'] = { real: realAccuracy(top, labels) };
  const unavailable: Unavailable = {};
  const leaveOut = (reason: string, ...names: MetricName[]): void => {
    for (const name of names) unavailable[name] = reason;
  };

  if (originals) values.top1 = topNAccuracy(top, originals, 1);
  else leaveOut(NO_ORIGINALS, 'top1', 'top5');
  if (originals && top.n >= 5) values.top5 = topNAccuracy(top, originals, 5);
  else if (originals) leaveOut(tooFewRanks(5, top.n), 'top5');

  if (most <= top.n) {
    values.variableTopK = reached.fraction;
    values.variableTopKAny = reached.any;
    values.exactMatch = reached.exact;
  } else {
    const reason = tooFewRanks(most, top.n);
    leaveOut(reason, 'variableTopK', 'variableTopKAny', 'exactMatch');
  }

  const atOne = precisionRecall(top, labels, 1);
  values.precisionAt1 = atOne.precision;
  values.recallAt1 = atOne.recall;
  values.f1At1 = atOne.f1;
  if (top.n >= 5) {
    const atFive = precisionRecall(top, labels, 5);
    values.precisionAt5 = atFive.precision;
    values.recallAt5 = atFive.recall;
    values.f1At5 = atFive.f1;
  } else leaveOut(tooFewRanks(5, top.n), 'precisionAt5', 'recallAt5', 'f1At5');

  if (ranks) {
    // scikit-learn gives an image without labels a value; nobody annotated it, so it says nothing.
    values.mapPerImage = withoutUnlabelled(imageAveragePrecision(ranks), labels);
    values.coverageError = withoutUnlabelled(coverageError(ranks), labels);
    values.lrap = withoutUnlabelled(labelRankingAveragePrecision(ranks), labels);
    values.rankingLoss = withoutUnlabelled(labelRankingLoss(ranks), labels);
  } else {
    leaveOut(NO_SCORES, 'mapPerImage', 'mapMacro', 'mapMacroPresent', 'mapMicro');
    leaveOut(NO_SCORES, 'coverageError', 'lrap', 'rankingLoss');
  }
  return { values, reached, unavailable };
}

/** The label set without the labels of images that have more than n. */
function withLabelsUpTo(labels: LabelSet, n: number): LabelSet {
  const counts = labelCounts(labels);
  if (counts.every((k) => k <= n)) return labels;
  const offsets = new Uint32Array(labels.offsets.length);
  const classes: number[] = [];
  counts.forEach((k, image) => {
    if (k <= n) {
      const start = labels.offsets[image]!;
      for (let at = start; at < start + k; at += 1) classes.push(labels.classes[at]!);
    }
    offsets[image + 1] = classes.length;
  });
  return { ...labels, offsets, classes: Uint16Array.from(classes) };
}

/** The rule under which the accuracy is a mean of classes. */
const CLASS_MEAN_RULE = 'multi-label-tfds';

/** What has an interval, by the metric's name, and why others do not. */
export interface Statistics {
  statistics: Record<string, Statistic>;
  /** The subgroups with images that ASMA is made of. */
  asma: AsmaParts;
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
  const { only, unavailable } = reachedGroups(ranked, labels, maxGroup);
  for (const rule of RULES) {
    const groups = subgroupStatistics(reached[rule], labels, { maxGroup, only });
    for (const [group, each] of Object.entries(groups)) {
      statistics[subgroupName(group, rule)] = each;
    }
    const asma = asmaStatistic(reached[rule], labels, { maxGroup, only });
    statistics[ASMA_NAMES[rule]] = asma;
    // All images that ASMA is about, resampled together.
    statistics[WEIGHTED_NAMES[rule]] = meanStatistic(
      only ? within(asma, reached[rule]) : reached[rule],
    );
  }
  if (rule === CLASS_MEAN_RULE) {
    const ofClasses = originals && classMeanStatistic(values.real!, originals, labels.classCount);
    if (ofClasses) statistics['realPerClass'] = ofClasses;
    else unavailable['realPerClass'] = NO_ORIGINALS;
  }
  return { statistics, asma: asmaParts(statistics['asma']!), unavailable };
}

const ASMA_NAMES = { fraction: 'asma', any: 'asmaAny', exact: 'asmaExact' } as const;
const WEIGHTED_NAMES = {
  fraction: 'imageWeighted',
  any: 'imageWeightedAny',
  exact: 'imageWeightedExact',
} as const;

/** The subgroups of an ASMA that have images. */
function asmaParts({ strata = [] }: Statistic): AsmaParts {
  const filled = strata.filter(({ members }) => members.length > 0);
  return {
    subgroups: filled.map(({ group }) => subgroupName(group)),
    smallest: filled.length === 0 ? 0 : Math.min(...filled.map(({ members }) => members.length)),
  };
}

/** The scores of the images in a statistic's strata; `NaN` for the others. */
export function within({ strata = [] }: Statistic, values: PerImage): PerImage {
  const kept = new Float64Array(values.length).fill(NaN);
  for (const { members } of strata) for (const image of members) kept[image] = values[image]!;
  return kept;
}

/**
 * The subgroups whose images all have as many ranks as labels; undefined for all of them. One that is
 * cut would be a mean of the images with the fewest labels in it.
 */
function reachedGroups(
  ranked: number,
  labels: LabelSet,
  maxGroup: number,
): { only: string[] | undefined; unavailable: Unavailable } {
  const counts = labelCounts(labels);
  const largest = counts.reduce((a, b) => Math.max(a, b), 0);
  const unavailable: Unavailable = {};
  if (largest <= ranked) return { only: undefined, unavailable };
  const only: string[] = [];
  for (let at = 0; at <= maxGroup; at += 1) {
    const group = at < maxGroup ? String(at + 1) : `>${maxGroup}`;
    const needed = at < maxGroup ? at + 1 : largest;
    if (needed <= ranked || !counts.some((k) => k > at && k <= needed)) only.push(group);
    else
      for (const rule of RULES)
        unavailable[subgroupName(group, rule)] = tooFewRanks(needed, ranked);
  }
  return { only, unavailable };
}
