import { RecipeError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import type { StageOptions } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { buildIndex } from './build-index.js';
import { composeDataset } from './compose-dataset.js';
import { requirePlaceFor } from './dataset-output.js';
import { extractPool } from './extract-pool.js';
import { makePlan } from './make-plan.js';

export interface GenerateInput {
  recipe: Recipe;
  /** Folder of XML, `LOC_*_solution.csv` or archive. Default: `recipe.source.annotations`. */
  annotations?: string | undefined;
  /** Folder or archive of images. Default: `recipe.source.images`. */
  images?: string | undefined;
  /** Where the dataset goes. */
  out: string;
  /** Where the stages keep what they make, for this and later runs. */
  work: string;
}

export interface GenerateOptions extends StageOptions {
  /** Ends the run at the first bad annotation or image. Default: false: they are counted. */
  strict?: boolean | undefined;
  /** Replaces another patchml dataset at `out`. Default: false. */
  overwrite?: boolean | undefined;
}

/** The folders that the stages made. */
export interface Generated {
  index: string;
  pool: string;
  plan: string;
  dataset: string;
}

/**
 * Makes a dataset: index, extract, plan, compose. What an earlier run of the same recipe and inputs
 * has finished is used again; an interrupted run is continued and ends in the same bytes.
 * @throws PatchmlError
 */
export async function generate(
  input: GenerateInput,
  options: GenerateOptions = {},
): Promise<Generated> {
  const { recipe, out, work } = input;
  try {
    await requirePlaceFor(recipe, out, options.overwrite ?? false);
    const index = await buildIndex({ recipe, ...requireInputs(input), work }, options);
    const pool = await extractPool({ recipe, index, work }, options);
    const plan = await makePlan({ recipe, pool, work }, options);
    await composeDataset({ recipe, pool, plan, out }, options);
    return { index, pool, plan, dataset: out };
  } catch (error) {
    throw explainError(error);
  }
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
  throw new RecipeError(`it is not said where the ${missing} are`, {
    code: 'input-missing',
    place: `source.${missing}`,
    fix: `give --${missing}`,
  });
}
