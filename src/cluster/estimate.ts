import { explaining } from '../files/file-errors.js';
import type { StageOptions } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { type PlannedStep, planStudy, type PlanStudyOptions } from '../study/estimate.js';
import { asFailure } from '../study/failure.js';
import type { Study } from '../study/load.js';
import { datasetOf } from '../study/open-sets.js';
import {
  type Estimate,
  type EstimatedStep,
  joinWork,
  type MachineCounts,
  type Machines,
  machinesOf,
  OPERATIONS,
  requireCounts,
  stepOf,
  totalOf,
  type Work,
} from './cost.js';
import { type EstimateRecipeInput, imagesOf, type Rates, withTrial } from './stage-trial.js';

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
    const rates = await withTrial(options, (tryStages) => tryStages(input));
    return recipeCost(input.recipe, rates, machines);
  });
}

/** Multiplies what was measured. Exported for its test. */
export function recipeCost(recipe: Recipe, rates: Rates, machines: MachineCounts): Estimate {
  return totalOf(datasetWork(recipe, rates, machines), machines);
}

function datasetWork(recipe: Recipe, rates: Rates, machines: MachineCounts): Work {
  const { annotated, cpu, bytes } = rates;
  const sources = Math.round(annotated * rates.images);
  const patches = annotated * rates.patches;
  const images = imagesOf(recipe);
  const pool = patches * bytes.patch;
  const dataset = images * bytes.composed;
  const pieces = Math.ceil(sources / machines.piece) + Math.ceil(images / machines.piece) + 4;
  const { s3 } = OPERATIONS;
  const step = (
    name: string,
    [items, unit]: readonly [number, string],
    cost: { each: number; bytes: number; isDivided: boolean; threads?: number },
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
    // Other threads check the images and link them; their rows take the main one about as long.
    step('merge of the dataset', [images, 'images'], {
      each: cpu.verify,
      bytes: dataset,
      isDivided: false,
      threads: 2,
    }),
  ];
  return {
    steps,
    storage: { pool, plan: images * bytes.row, dataset },
    files: images + FILES_BESIDE,
    pieces,
    // An annotation and a source image are read once.
    s3: annotated + sources + s3.composedImage * images + s3.piece * pieces,
    gpuHours: 0,
    leftOut: [],
  };
}

/** Of an index, a pool, a plan and a dataset, beside the images. */
const FILES_BESIDE = 16;

/**
 * Says what a study would cost: each model is run on its first images ({@link planStudy}), and of a
 * dataset that is not there the stages on a sample, as by {@link estimateRecipe}. What was done before
 * costs nothing.
 * @param input work: where the study keeps what it makes
 * @throws EvaluationError `option-out-of-range`, `cards-same-name`
 * @throws AbortedError
 */
export async function estimateStudy(
  input: { study: Study; work: string },
  options: PlanStudyOptions & EstimateOptions = {},
): Promise<Estimate> {
  const machines = machinesOf(options);
  requireCounts({ sample: options.sample });
  const { steps, failures } = await planStudy(input, options);
  const isOnGpu = (options.provider ?? 'cpu') !== 'cpu';
  const leftOut = failures.map(({ set, model, error }) =>
    [model, set, error.message].filter((part) => part !== undefined).join(': '),
  );
  const toMake = steps.filter(({ action }) => action === 'generate').map(({ set }) => set);
  const work = [
    ...(await datasetsWork(toMake, input, machines, options)),
    ...steps.map((step) => modelWork(step, isOnGpu, machines)),
    { ...NOTHING, s3: imagesToFetch(steps, machines) },
  ];
  return totalOf(joinWork([{ ...NOTHING, leftOut }, ...work]), machines);
}

const NOTHING = joinWork([]);

/** Of the datasets that a study would generate. One machine does each, while the others wait. */
async function datasetsWork(
  sets: readonly string[],
  { study, work }: { study: Study; work: string },
  machines: MachineCounts,
  options: EstimateOptions,
): Promise<Work[]> {
  if (sets.length === 0) return [];
  return withTrial(options, async (tryStages) => {
    const works: Work[] = [];
    const seen = new Set<string>();
    for (const set of sets) {
      try {
        const { out, ...made } = (await datasetOf(study, set, work))!;
        if (seen.has(out)) continue;
        seen.add(out);
        const rates = await tryStages(made);
        const all = datasetWork(made.recipe, rates, { ...machines, machines: 1 });
        const steps = all.steps.filter(({ name }) => isDone(name, rates));
        works.push({
          ...all,
          steps: steps.map((step) => ({ ...step, name: `${set}: ${step.name}` })),
          storage: rates.isOwn.pool ? all.storage : { ...all.storage, pool: 0 },
          pieces: 0,
        });
      } catch (error) {
        works.push({ ...NOTHING, leftOut: [`${set}: ${asFailure(error).message}`] });
      }
    }
    return works;
  });
}

/** Whether a step is done on one machine, and not with a dataset before it. */
function isDone(step: string, { isOwn }: Rates): boolean {
  if (step.startsWith('merge')) return false;
  return (step !== 'index' || isOwn.index) && (step !== 'extract' || isOwn.pool);
}

/** From S3: each machine fetches an image once, for all models that it runs on it. */
function imagesToFetch(steps: readonly PlannedStep[], { machines }: MachineCounts): number {
  const predicted = steps.filter(({ action }) => action === 'predict');
  const sets = [...new Set(predicted.map(({ set }) => set))];
  return sets.reduce((sum, set) => {
    const runs = predicted.filter((step) => step.set === set);
    return sum + (runs[0]!.images ?? 0) * Math.min(runs.length, machines);
  }, 0);
}

/** Bytes of an image in the predictions of a model: 1,000 logits, and the best classes. */
const PREDICTED = 4000 + 300;

/** Of a model on a set. */
function modelWork(step: PlannedStep, isOnGpu: boolean, machines: MachineCounts): Work {
  const { action, set, model, images = 0, seconds, cpuSeconds } = step;
  if (action === 'keep' || action === 'generate') return NOTHING;
  if (seconds === undefined || cpuSeconds === undefined) {
    const reason = 'no images to try it on; generate a dataset first';
    return { ...NOTHING, leftOut: [`${model} on ${set}: ${reason}`] };
  }
  const predicts = action === 'predict';
  const bytes = images * PREDICTED;
  const estimated = {
    name: `${model} on ${set}`,
    items: images,
    unit: 'images',
    each: images === 0 ? 0 : cpuSeconds / images,
    bytes,
    isDivided: predicts,
  };
  const pieces = predicts ? Math.ceil(images / machines.piece) + 1 : 0;
  return {
    steps: [stepOf(estimated, machines)],
    storage: { predictions: predicts ? bytes : 0 },
    files: 5,
    pieces,
    s3: OPERATIONS.s3.piece * pieces,
    gpuHours: predicts && isOnGpu ? seconds / 3600 : 0,
    leftOut: [],
  };
}
