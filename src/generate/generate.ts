import type { DatasetFolder, DatasetLock, DatasetSummary } from '../dataset/dataset.js';
import { RecipeError } from '../errors.js';
import { explaining } from '../files/file-errors.js';
import type { StageOptions } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { buildIndex, type IndexFolder } from './build-index.js';
import { composeDataset } from './compose-dataset.js';
import { requirePlaceFor } from './dataset-output.js';
import { extractPool } from './extract-pool.js';
import { makePlan, type PlanFolder } from './make-plan.js';
import type { PoolFolder } from './pool.js';

export interface GenerateInput {
  recipe: Recipe;
  /** Folder of XML, `LOC_*_solution.csv` or archive. Default: `recipe.source.annotations`. */
  annotations?: string | undefined;
  /** Folder or archive of images. Default: `recipe.source.images`. */
  images?: string | undefined;
  /** Where the dataset goes. */
  out: DatasetFolder;
  /** Where the stages keep what they make, for this and later runs. */
  work: string;
}

export interface GenerateOptions extends StageOptions {
  /** Ends the run at the first bad annotation or image. Default: false: they are counted. */
  strict?: boolean | undefined;
  /** Replaces another patchml dataset at `out`. Default: false. */
  overwrite?: boolean | undefined;
}

/** The folders that the stages made, and what the dataset's says of itself. */
export interface Generated {
  index: IndexFolder;
  /** Files that were skipped, as their names or their folders' begin with a dot. */
  hidden: { annotations: number; images: number };
  pool: PoolFolder;
  plan: PlanFolder;
  dataset: DatasetFolder;
  summary: DatasetSummary;
  lock: DatasetLock;
}

/**
 * Makes a dataset: index, extract, plan, compose. What an earlier run of the same recipe and inputs
 * has finished is used again; an interrupted run is continued and ends in the same bytes.
 * @throws RecipeError where neither the input nor the recipe says where the inputs are
 * @throws AnnotationError, ImageError, SamplingError, DatasetError, OutputError, AbortedError: see the stages
 */
export function generate(input: GenerateInput, options: GenerateOptions = {}): Promise<Generated> {
  return explaining(() => runStages(input, options));
}

async function runStages(input: GenerateInput, options: GenerateOptions): Promise<Generated> {
  const { recipe, out, work } = input;
  await requirePlaceFor(recipe, out, options.overwrite ?? false);
  const index = await buildIndex({ recipe, ...requireInputs(input), work }, options);
  const pool = await extractPool({ recipe, index: index.folder, work }, options);
  const plan = await makePlan({ recipe, pool: pool.folder, work }, options);
  const stages = { pool: pool.folder, plan: plan.folder };
  const { folder, summary, lock } = await composeDataset({ recipe, ...stages, out }, options);
  const { hidden = { annotations: 0, images: 0 } } = index.summary;
  return { index: index.folder, hidden, ...stages, dataset: folder, summary, lock };
}

/** The inputs as given, or as the recipe names them. @throws RecipeError where neither does */
export function requireInputs({
  recipe,
  annotations = recipe.source.annotations,
  images = recipe.source.images,
}: Pick<GenerateInput, 'recipe' | 'annotations' | 'images'>): {
  annotations: string;
  images: string;
} {
  if (annotations !== undefined && images !== undefined) return { annotations, images };
  const missing = annotations === undefined ? 'annotations' : 'images';
  throw new RecipeError(`no ${missing} were given`, {
    code: 'input-missing',
    place: `source.${missing}`,
    fix: `pass --${missing}`,
  });
}
