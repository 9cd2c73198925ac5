export {
  composeDataset,
  type ComposeInput,
  type ComposeOptions,
} from './dataset/compose-dataset.js';
export type { DatasetLock, DatasetSummary } from './dataset/dataset-files.js';
export type { MetadataRow } from './dataset/metadata.js';
export { type Dataset, readDataset } from './dataset/read-dataset.js';
export {
  findPoolOf,
  regenerateSample,
  type RegenerateInput,
  type Regeneration,
} from './dataset/regenerate-sample.js';
export { type Finding, type Verification, verifyDataset } from './dataset/verify-dataset.js';
export * from './errors.js';
export {
  evaluateModel,
  type Evaluated,
  type EvaluateInput,
  type EvaluateOptions,
} from './evaluate-model.js';
export { alignPredictions } from './evaluate/align-predictions.js';
export type { EvaluationImages, EvaluationSet } from './evaluate/evaluation-set.js';
export { findModelCard } from './evaluate/find-card.js';
export { loadModelCard, type ModelCard, parseModelCard } from './evaluate/model-card.js';
export { type EvaluationSetInput, openEvaluationSet } from './evaluate/open-evaluation-set.js';
export {
  predict,
  type Predictions,
  type PredictInput,
  type PredictOptions,
} from './evaluate/predict.js';
export type { PredictionSource } from './evaluate/prediction-source.js';
export { openPredictions } from './evaluate/predictions/open-predictions.js';
export { choosePreprocessing } from './evaluate/preprocessing.js';
export { generate, type Generated, type GenerateInput, type GenerateOptions } from './generate.js';
export { buildIndex, type IndexInput, type IndexOptions } from './imagenet/build-index.js';
export type { Drop, DropCounts, DropReason } from './imagenet/drops.js';
export {
  classNameOf,
  classNames,
  classOf,
  type ClassIndex,
  type Wnid,
} from './imagenet/synsets.js';
export { extractPool, type ExtractInput, type ExtractOptions } from './pool/extract-pool.js';
export type { Progress, Stage, StageOptions } from './progress.js';
export { loadRecipe, parseRecipe, type RecipeOverrides } from './recipe/load-recipe.js';
export { recipeDigest } from './recipe/digest.js';
export type { Recipe, RecipeInput } from './recipe/schema.js';
export {
  type DatasetDiff,
  diffDatasets,
  type DiffSide,
  type ImageChanges,
} from './release/diff-datasets.js';
export type { RecipeChange } from './release/diff-recipes.js';
export { diffToMarkdown, diffToText } from './release/diff-text.js';
export { EXPORT_NAMES, type ExportName } from './release/exports/write-export.js';
export type { PixelDistance } from './release/pixel-distance.js';
export {
  type RegeneratedRelease,
  regenerateRelease,
  type RegenerateReleaseInput,
  type RegenerateReleaseOptions,
} from './release/regenerate-release.js';
export { type Released, releaseDataset, type ReleaseInput } from './release/release-dataset.js';
export type { ReleaseSummary } from './release/release-files.js';
export { type ReleaseVerification, verifyRelease } from './release/verify-release.js';
export { type Pulled, type PullOptions, pullRelease } from './release/transfer/pull-release.js';
export { type Pushed, type PushOptions, pushRelease } from './release/transfer/push-release.js';
export { type ContactSheetOptions, writeContactSheet } from './report/contact-sheet.js';
export { type Inspection, inspect } from './report/inspect.js';
export { writeScores } from './report/write-scores.js';
export * as metrics from './metrics/index.js';
export { compareGap, type Gap, type GapComparison, type ModelGap } from './score/compare-gap.js';
export {
  compareScores,
  type Comparison,
  type Difference,
  type PairComparison,
} from './score/compare-scores.js';
export { findScores, openScores } from './score/read-scores.js';
export { scorePredictions, type ScoreOptions, type Scores } from './score/score-predictions.js';
export { makeScorecard, type Metric, type NewScorecard } from './score/scorecard.js';
export { makePlan, type PlanInput } from './sampling/make-plan.js';
export { PATCHML_VERSION } from './version.js';
