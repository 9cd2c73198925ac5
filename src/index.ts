/**
 * What `import ... from 'patchml'` gives.
 *
 * A function that reads or writes files takes `(input, options)`: the input says what to work on and
 * where it goes, a plain path where one path says it all; options have defaults, `signal` and
 * `onProgress` among them. Functions of values alone take these values. What one throws is in its
 * comment, and is always a `PatchmlError`.
 *
 * @module
 */

export type { Estimate, EstimatedStep, MachineCounts, Machines } from './cluster/cost.js';
export { type ComposeShardInput, composeShard, mergeDataset } from './cluster/dataset-parts.js';
export { type EstimateOptions, estimateRecipe, estimateStudy } from './cluster/estimate.js';
export type { Part, Shard } from './cluster/parts.js';
export { extractShard, type ExtractShardInput, mergePool } from './cluster/pool-parts.js';
export {
  evaluateShard,
  type EvaluateShardInput,
  type EvaluateShardOptions,
  mergeEvaluation,
} from './cluster/evaluation-parts.js';
export {
  evaluateOnQueue,
  type EvaluateOnQueueInput,
  type EvaluateOnQueueOptions,
} from './cluster/queue/evaluate-on-queue.js';
export {
  generateOnQueue,
  type GenerateOnQueueInput,
  type GenerateOnQueueOptions,
} from './cluster/queue/generate-on-queue.js';
export type { CoordinateOptions } from './cluster/queue/run-options.js';
export {
  studyOnQueue,
  type StudyOnQueueInput,
  type StudyOnQueueOptions,
} from './cluster/queue/study-on-queue.js';
export {
  runWorker,
  type WorkerInput,
  type WorkerOptions,
  type WorkerReport,
} from './cluster/queue/worker.js';
export type { EstimateRecipeInput } from './cluster/stage-trial.js';
export type { StorageOptions } from './cluster/storage.js';
export { runStudyShard, type StudyPart, type StudyShardInput } from './cluster/study-parts.js';
export {
  type Dataset,
  type DatasetFolder,
  type DatasetLock,
  type DatasetSummary,
  readDataset,
} from './dataset/dataset.js';
export type {
  MetadataRow,
  RowField,
  RowFields,
  RowPart,
  Shape,
  ShapedField,
} from './dataset/row.js';
export {
  type Finding,
  type Verification,
  verifyDataset,
  type VerifyDatasetInput,
  type VerifyOptions,
} from './dataset/verify.js';
export {
  AbortedError,
  AnnotationError,
  DatasetError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetails,
  EvaluationError,
  ImageError,
  MetricsError,
  OutputError,
  PatchmlError,
  QueueError,
  RecipeError,
  ReleaseError,
  SamplingError,
  TransferError,
} from './errors.js';
export {
  EXPORT_NAMES,
  exportDataset,
  type Exported,
  type ExportInput,
  type ExportName,
} from './exports/exports.js';
export type { ExportOptions } from './exports/format.js';
export type { FolderOf } from './files/folders.js';
export {
  buildIndex,
  type Index,
  type IndexFolder,
  type IndexInput,
  type IndexOptions,
  type IndexSummary,
} from './generate/build-index.js';
export {
  composeDataset,
  type ComposeInput,
  type ComposeOptions,
} from './generate/compose-dataset.js';
export {
  type ContactSheetInput,
  type ContactSheetOptions,
  writeContactSheet,
} from './generate/contact-sheet.js';
export { type ExtractInput, type ExtractOptions, extractPool } from './generate/extract-pool.js';
export {
  generate,
  type Generated,
  type GenerateInput,
  type GenerateOptions,
} from './generate/generate.js';
export {
  type ClassCount,
  inspect,
  type Inspection,
  type ObjectCounts,
  type SideHistogram,
} from './generate/inspect.js';
export {
  makePlan,
  type Plan,
  type PlanFolder,
  type PlanInput,
  type PlanRow,
  type PlanSummary,
  readPlan,
} from './generate/make-plan.js';
export {
  type PatchImage,
  type PatchPixels,
  type PatchRow,
  type Pool,
  type PoolFolder,
  type PoolSummary,
  readPool,
} from './generate/pool.js';
export {
  findPoolOf,
  type FindPoolInput,
  type RegenerateInput,
  regenerateSample,
  type Regeneration,
} from './generate/regenerate-sample.js';
export type { GridCell, Size } from './image/box.js';
export {
  type AnnotatedBox,
  type AnnotatedObject,
  type Annotation,
  type MalformedAnnotation,
  type MalformedObject,
} from './imagenet/annotation.js';
export { type Drop, DROP_REASONS, type DropCounts, type DropReason } from './imagenet/drops.js';
export { type AnnotationSource, openAnnotations } from './imagenet/annotations.js';
export type { ImagePlace } from './imagenet/images.js';
export {
  type ClassIndex,
  classNameOf,
  classNames,
  classOf,
  type Wnid,
} from './imagenet/synsets.js';
export {
  type CardDraft,
  choosePreprocessing,
  findModelCard,
  loadModelCard,
  matchCards,
  type ModelCard,
  parseModelCard,
  type Preprocessing,
  PREPROCESSING_CHOICES,
  type PreprocessingChoice,
} from './models/card.js';
export {
  type AddCardOptions,
  addModelCard,
  type DraftedCard,
  type DraftInput,
  draftModelCard,
  readSynsetList,
} from './models/draft-card.js';
export { predict } from './models/predict.js';
export type {
  PredictInput,
  Predictions,
  PredictionSummary,
  PredictOptions,
} from './models/prediction-folder.js';
export type { Preset } from './models/presets.js';
export { type Provider, PROVIDERS } from './models/provider.js';
export {
  type Adapter,
  chooseProvider,
  findAdapters,
  type FoundAdapters,
} from './models/adapters.js';
export { alignPredictions, openPredictions } from './predictions/open.js';
export type {
  PredictionOptions,
  PredictionRows,
  PredictionSource,
  ScoreScale,
} from './predictions/source.js';
export type { Progress, Stage, StageOptions } from './progress.js';
export {
  loadRecipe,
  parseRecipe,
  type RecipeChange,
  recipeDigest,
  type RecipeOverrides,
} from './recipe/load.js';
export type { Recipe, RecipeInput } from './recipe/schema.js';
export { diffToMarkdown, diffToText } from './release/diff-text.js';
export {
  type DatasetDiff,
  diffDatasets,
  type DiffInput,
  type DiffSide,
  type ImageChanges,
  type PixelDistance,
} from './release/diff.js';
export {
  type RegeneratedRelease,
  regenerateRelease,
  type RegenerateReleaseInput,
  type RegenerateReleaseOptions,
  type VersionChange,
} from './release/regenerate.js';
export type { ReleaseFolder, ReleaseSummary } from './release/release-folder.js';
export { type Released, releaseDataset, type ReleaseInput } from './release/release.js';
export {
  type ReleaseVerification,
  verifyRelease,
  type VerifyReleaseInput,
} from './release/verify-release.js';
export {
  type SampleToRegenerate,
  type Verified,
  verify,
  type VerifyInput,
} from './release/verify.js';
export { type FigureName, FIGURES } from './report/chart-data.js';
export {
  plotFigure,
  type PlotFigureInput,
  type PlotFigureOptions,
  type PlottedFigure,
} from './report/plot.js';
export {
  writeReport,
  type WriteReportInput,
  type WriteReportOptions,
  type WrittenReport,
} from './report/report.js';
export type {
  ComparedMetric,
  ComparedWith,
  CompareOptions,
  LeftOut,
  ScoreRun,
  StatisticName,
} from './score/compare-statistics.js';
export {
  compareModels,
  type CompareModelsOptions,
  type Correlation,
  type ModelComparison,
  type ModelDifference,
  type PairComparison,
} from './score/compare-models.js';
export {
  compareSets,
  type CompareSetsInput,
  type Gap,
  type GapMetric,
  type MeanGap,
  type ModelGap,
  scoresOnSet,
  type SetComparison,
} from './score/compare-sets.js';
export {
  writeModelComparison,
  type WriteModelComparisonInput,
  writeSetComparison,
  type WriteSetComparisonInput,
} from './score/compare-table.js';
export {
  type Evaluated,
  type EvaluatedModels,
  type EvaluateInput,
  evaluateModel,
  evaluateModels,
  type EvaluateModelsInput,
  type EvaluateModelsOptions,
  type EvaluateOptions,
  type FailedModel,
} from './score/evaluate.js';
export type {
  ChanceLevels,
  ClassMetric,
  ClassScores,
  Confusion,
  Confusions,
  ObjectMetric,
  ObjectScores,
  PairMetric,
  PairScores,
  RecallGivenAlone,
} from './score/details.js';
export type { PerImageScores } from './score/images-csv.js';
export {
  type ScoredFile,
  scoreFile,
  type ScoreFileInput,
  type ScoreFileOptions,
} from './score/score-file.js';
export {
  type ScoreInput,
  type ScoreOptions,
  scorePredictions,
  type Scores,
} from './score/score-predictions.js';
export {
  type AsmaMetric,
  makeScorecard,
  type Metric,
  type Metrics,
  type NewScorecard,
  type Scorecard,
  type ScorecardBody,
  type ScorecardOrigin,
} from './score/scorecard.js';
export {
  findScores,
  openAllScores,
  openScores,
  scoresFolder,
  type StoredScores,
  writeScores,
  type WriteScoresInput,
  type WriteScoresOptions,
} from './score/scores-folder.js';
export type {
  EvaluationImages,
  EvaluationSet,
  EvaluationSetKind,
  LabelRule,
  PaintedImage,
  PaintedObject,
  PaintedSet,
} from './sets/evaluation-set.js';
export type { MultiLabelRule } from './sets/multi-labels.js';
export { type EvaluationSetInput, openEvaluationSet } from './sets/open-set.js';
export {
  type PlannedStep,
  planStudy,
  type PlanStudyOptions,
  type StudyAction,
  type StudyPlan,
} from './study/estimate.js';
export type { StudyFailure, WaitOptions } from './study/failure.js';
export { loadStudy, type Study } from './study/load.js';
export type { StudyResults } from './study/results.js';
export {
  runStudy,
  type RunStudyInput,
  type RunStudyOptions,
  type StudyRun,
} from './study/run-study.js';
export type { StudyFields } from './study/schema.js';
export { type Pulled, type PullInput, type PullOptions, pullRelease } from './transfer/pull.js';
export { type Pushed, type PushInput, type PushOptions, pushRelease } from './transfer/push.js';
export { PATCHML_VERSION } from './version.js';
export type { MetricSummary, ModelSummary, Overview, SetSummary } from './viewer/answers.js';
export { startViewer, type Viewer, type ViewInput, type ViewOptions } from './viewer/view.js';
export * as metrics from './metrics/index.js';
