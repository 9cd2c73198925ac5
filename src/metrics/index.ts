/** Metrics of ranked classes against label sets: pure functions over typed arrays. */
export { asma, type Asma } from './asma.js';
export {
  averagePrecision,
  finishAveragePrecision,
  type AveragePrecision,
} from './average-precision.js';
export {
  addScores,
  startAveragePrecision,
  type AveragePrecisionTally,
} from './average-precision-tally.js';
export { bootstrapDistribution } from './bootstrap-distribution.js';
export {
  bootstrap,
  commonImages,
  statisticIntervals,
  type StatisticInterval,
} from './bootstrap.js';
export { coverageError } from './coverage-error.js';
export { gap, gapIntervals, type GapInterval } from './gap.js';
export { imageAveragePrecision } from './image-average-precision.js';
export {
  bootstrapOptions,
  percentileInterval,
  type BootstrapOptions,
  type Interval,
} from './interval.js';
export { kendall } from './kendall.js';
export { labelCountHistogram, labelCounts } from './label-counts.js';
export { labelRankingAveragePrecision } from './label-ranking-average-precision.js';
export { labelRankingLoss } from './label-ranking-loss.js';
export { addLabelRanks, emptyLabelRanks, labelRanks, type LabelRanks } from './label-ranks.js';
export { hasLabel, imageCount, labelSet, sliceLabelSet, type LabelSet } from './label-set.js';
export { mapValues } from './map-values.js';
export { mcnemar, mcnemarPValue, type McNemar } from './mcnemar.js';
export { MetricsError } from './metrics-error.js';
export { pairedBootstrap } from './paired-bootstrap.js';
export { imageMean, withoutUnlabelled, type ImageMean, type PerImage } from './per-image.js';
export { percentile } from './percentile.js';
export { precisionRecall, type PrecisionRecall } from './precision-recall.js';
export { realAccuracy } from './real-accuracy.js';
export { resampleCounts } from './resample-counts.js';
export { scoreMatrix, type ScoreMatrix } from './score-matrix.js';
export { spearman } from './spearman.js';
export {
  asmaStatistic,
  meanStatistic,
  subgroupStatistics,
  type ResampleCounts,
  type Statistic,
} from './statistic.js';
export { subgroupAccuracies, type SubgroupAccuracy, type SubgroupOptions } from './subgroups.js';
export { rankedClasses, topClasses, type TopClasses } from './top-classes.js';
export { topNAccuracy } from './top-n-accuracy.js';
export { variableTopK, type VariableTopKRule } from './variable-top-k.js';
