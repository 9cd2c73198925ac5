/** Metrics of ranked classes against label sets: pure functions over typed arrays. */
export { MetricsError } from '../errors.js';
export {
  type ImageMean,
  imageMean,
  type PerImage,
  precisionRecall,
  type PrecisionRecall,
  realAccuracy,
  topNAccuracy,
  variableTopK,
  type VariableTopKRule,
  withoutUnlabelled,
} from './accuracy.js';
export {
  type Asma,
  asma,
  subgroupAccuracies,
  type Subgroup,
  type SubgroupAccuracy,
  type SubgroupOptions,
} from './asma.js';
export {
  addScores,
  averagePrecision,
  type AveragePrecision,
  type AveragePrecisionTally,
  type CountedLogits,
  finishAveragePrecision,
  startAveragePrecision,
} from './average-precision.js';
export {
  bootstrap,
  type BootstrapOptions,
  gap,
  type GapInterval,
  type Interval,
  pairedBootstrap,
  percentile,
  percentileInterval,
  type StatisticInterval,
} from './bootstrap.js';
export {
  chanceOfAveragePrecision,
  chanceOfCoverageError,
  chanceOfPrecisionRecall,
  chanceOfRankingLoss,
  chanceOfTopN,
  chanceOfVariableTopK,
} from './chance.js';
export { kendall, spearman } from './correlation.js';
export type { ResampleCounts } from './group-means.js';
export {
  coverageError,
  imageAveragePrecision,
  labelRankingAveragePrecision,
  labelRankingLoss,
} from './label-ranking.js';
export { addLabelRanks, emptyLabelRanks, type LabelRanks, labelRanks } from './label-ranks.js';
export {
  hasLabel,
  imageCount,
  labelCountHistogram,
  labelCounts,
  type LabelSet,
  labelSet,
  sliceLabelSet,
} from './labels.js';
export { type McNemar, mcnemar, mcnemarPValue } from './mcnemar.js';
export {
  labelRecall,
  objectRecall,
  type ObjectSet,
  recognisedAlone,
  sharesByGroup,
} from './objects.js';
export {
  areProbabilities,
  rankedClasses,
  scoreMatrix,
  type ScoreMatrix,
  softmax,
  type SoftmaxTerms,
  type TopClasses,
  topClasses,
} from './ranking.js';
export { bootstrapDistribution, resampleCounts } from './resample.js';
export {
  asmaStatistic,
  classMeanStatistic,
  type ImageShares,
  meanStatistic,
  ratioStatistic,
  type Statistic,
  subgroupStatistics,
} from './statistic.js';
