import { explaining } from '../files/file-errors.js';
import type { StageOptions } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { planStudy, type PlanStudyOptions } from '../study/estimate.js';
import type { Study } from '../study/load.js';
import {
  type Estimate,
  type EstimatedStep,
  type MachineCounts,
  type Machines,
  machinesOf,
  requireCounts,
  stepOf,
  totalOf,
} from './cost.js';
import { type EstimateRecipeInput, imagesOf, type Rates, tryStages } from './stage-trial.js';

/** How to estimate. */
export interface EstimateOptions extends StageOptions, Machines {
  /** Annotated images that are tried. Default: 400. */
  sample?: number | undefined;
}

/**
 * Says what a dataset would cost: runs the stages on a sample in the system's folder for temporary
 * files and multiplies the CPU time and bytes of an image. CPU time is that of this machine.
 * @throws RecipeError where neither the input nor the recipe says where the inputs are
 * @throws EvaluationError `option-out-of-range`
 * @throws AnnotationError, ImageError, SamplingError, DatasetError, OutputError, AbortedError: see the stages
 */
export function estimateRecipe(
  input: EstimateRecipeInput,
  options: EstimateOptions = {},
): Promise<Estimate> {
  return explaining(async () => {
    const machines = machinesOf(options);
    requireCounts({ annotated: input.annotated, sample: options.sample });
    return recipeCost(input.recipe, await tryStages(input, options), machines);
  });
}

/** Multiplies what was measured. Exported for its test. */
export function recipeCost(recipe: Recipe, rates: Rates, machines: MachineCounts): Estimate {
  const { cpu, bytes } = rates;
  const { annotated } = rates;
  const sources = Math.round(annotated * rates.images);
  const patches = annotated * rates.patches;
  const images = imagesOf(recipe);
  const perImage = bytes.composed;
  const pool = patches * bytes.patch;
  const dataset = images * perImage;
  const step = (
    name: string,
    [items, unit]: readonly [number, string],
    cost: { each: number; bytes: number; isDivided: boolean },
  ): EstimatedStep => stepOf({ name, items, unit, ...cost }, machines);
  const steps = [
    step('index', [annotated, 'annotations'], {
      each: cpu.index,
      bytes: annotated * bytes.annotation,
      isDivided: false,
    }),
    step('extract', [sources, 'images'], {
      each: cpu.extract,
      bytes: sources * bytes.image + pool,
      isDivided: true,
    }),
    // A merge reads and hashes what the parts hold, and writes it once more.
    step('merge of the pool', [Math.round(patches), 'patches'], {
      each: cpu.verify,
      bytes: 2 * pool,
      isDivided: false,
    }),
    step('plan', [images, 'rows'], {
      each: cpu.plan,
      bytes: images * bytes.row,
      isDivided: false,
    }),
    step('compose', [images, 'images'], {
      each: cpu.compose,
      bytes: dataset + pool,
      isDivided: true,
    }),
    step('merge of the dataset', [images, 'images'], {
      each: cpu.verify,
      bytes: dataset,
      isDivided: false,
    }),
  ];
  const pieces = Math.ceil(sources / machines.piece) + Math.ceil(images / machines.piece) + 4;
  return totalOf(steps, machines, {
    storage: { pool, plan: images * bytes.row, dataset },
    files: images + FILES_BESIDE,
    pieces,
    // Each source image is read once; each composed one is put, read by the merge, and put again.
    s3: annotated + sources + 3 * images,
    gpuHours: 0,
    leftOut: [],
  });
}

/** Of an index, a pool, a plan and a dataset, beside the images. */
const FILES_BESIDE = 16;

/** Bytes of an image in the predictions of a model: 1,000 logits, and the best classes. */
const PREDICTED = 4000 + 300;

/**
 * Says what the models of a study would cost, by running each on its first images: see
 * {@link planStudy}. What was done before costs nothing; datasets that are not there are estimated
 * by {@link estimateRecipe}.
 * @param input work: where the study keeps what it makes
 * @throws EvaluationError `option-out-of-range`, `cards-same-name`
 * @throws AbortedError
 */
export async function estimateStudy(
  input: { study: Study; work: string },
  options: PlanStudyOptions & Machines = {},
): Promise<Estimate> {
  const machines = machinesOf(options);
  const { steps: planned, failures } = await planStudy(input, options);
  const leftOut = failures.map(({ set, model, error }) =>
    [model, set, error.message].filter((part) => part !== undefined).join(': '),
  );
  const isOnGpu = (options.provider ?? 'cpu') !== 'cpu';
  const steps: EstimatedStep[] = [];
  let [gpuSeconds, kept, pieces] = [0, 0, 0];
  for (const { action, set, model, images = 0, seconds = 0, cpuSeconds = 0 } of planned) {
    if (action === 'generate') leftOut.push(`${set}: estimate its recipe`);
    if (action === 'keep' || action === 'generate') continue;
    const predicts = action === 'predict';
    const bytes = images * PREDICTED;
    steps.push(
      stepOf(
        {
          name: `${model} on ${set}`,
          items: images,
          unit: 'images',
          each: images === 0 ? 0 : cpuSeconds / images,
          bytes,
          isDivided: predicts,
        },
        machines,
      ),
    );
    if (!predicts) continue;
    kept += bytes;
    pieces += Math.ceil(images / machines.piece) + 1;
    if (isOnGpu) gpuSeconds += seconds;
  }
  return totalOf(steps, machines, {
    storage: { predictions: kept },
    files: 5 * steps.length,
    pieces,
    s3: 5 * pieces,
    gpuHours: gpuSeconds / 3600,
    leftOut,
  });
}
