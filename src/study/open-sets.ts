import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { readDataset } from '../dataset/dataset.js';
import { digestOf } from '../files/digest.js';
import { generate } from '../generate/generate.js';
import type { StageOptions } from '../progress.js';
import { loadRecipe, recipeDigest } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { type EvaluationSet, limitImages } from '../sets/evaluation-set.js';
import { openEvaluationSet } from '../sets/open-set.js';
import { whenFree, type WaitOptions } from './failure.js';
import { pathIn, type Study } from './load.js';

/** A set of a study, ready to score on. */
export interface OpenedSet {
  /** Under the name that the study gives it. */
  set: EvaluationSet;
  /** For each number of patches the mean side that they are painted in, px; of PatchML sets. */
  meanSide?: Record<string, number> | undefined;
}

/** Where the dataset of a recipe goes, and what it is made of. */
export interface DatasetToMake {
  recipe: Recipe;
  annotations: string;
  images: string;
  out: string;
}

/**
 * The dataset that a set of a study asks for; undefined where it names no recipe.
 * @throws RecipeError; OutputError where an input is not there
 */
export async function datasetOf(
  study: Study,
  name: string,
  work: string,
): Promise<DatasetToMake | undefined> {
  const { recipe: path, annotations, images, overrides } = study.sets[name]!;
  if (path === undefined) return undefined;
  const recipe = await loadRecipe(pathIn(study, path).path, overrides);
  const [from, cut] = [annotations!, images!].map((text) => pathIn(study, text).path) as [
    string,
    string,
  ];
  const inputs = [await realpath(from), await realpath(cut)];
  const key = digestOf({ recipe: recipeDigest(recipe), inputs }).slice(0, 16);
  return {
    recipe,
    annotations: from,
    images: cut,
    out: join(work, 'datasets', `${recipe.name}-${key}`),
  };
}

/**
 * Opens a set of a study; the dataset of a recipe is generated, unless an earlier run did.
 * @throws what `openEvaluationSet` and `generate` throw; AbortedError
 */
export async function openStudySet(
  study: Study,
  name: string,
  work: string,
  options: Pick<StageOptions, 'jobs' | 'onProgress'> & WaitOptions,
): Promise<OpenedSet> {
  const made = await datasetOf(study, name, work);
  // What lies there is of an earlier state of the inputs, if it is another dataset.
  if (made)
    await whenFree(() => generate({ ...made, work }, { ...options, overwrite: true }), options);
  return openSet(study, name, made?.out);
}

/** Opens a set, all of whose files are there. @param dataset that was made for it */
export async function openSet(
  study: Study,
  name: string,
  dataset: string | undefined,
): Promise<OpenedSet> {
  const { limit, multiLabelRule, ...fields } = study.sets[name]!;
  const place = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : pathIn(study, text).path;
  const opened = await openEvaluationSet(
    dataset === undefined
      ? {
          dataset: place(fields.dataset),
          images: place(fields.images),
          labels: place(fields.labels),
          originals: place(fields.originals),
          multiLabelRule,
        }
      : { dataset },
  );
  const set = { ...limitImages(opened, limit), name };
  const isWhole = opened.kind === 'patchml' && set.ids.length === opened.ids.length;
  if (!isWhole) return { set };
  const { summary } = await readDataset(opened.images!.path);
  return { set, meanSide: summary.meanSide };
}
