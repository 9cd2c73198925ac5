import { join } from 'node:path';
import { datasetReadme } from '../dataset/card.js';
import {
  CLASSES_FILE,
  type Dataset,
  type DatasetFolder,
  type DatasetLock,
  type DatasetSummary,
  LOCK_FILE,
  lockDigest,
  readDataset,
  METADATA_FILE,
  README_FILE,
  SUMMARY_FILE,
} from '../dataset/dataset.js';
import { imageFile } from '../dataset/image-files.js';
import { datasetDigest, filesInOrder } from '../dataset/image-order.js';
import type { MetadataRow } from '../dataset/row.js';
import { DatasetError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { explaining } from '../files/file-errors.js';
import { requireSpace } from '../files/folders.js';
import { toJson } from '../files/json.js';
import { byteOrder } from '../files/listing.js';
import { writeWhole } from '../files/output-file.js';
import { buildFolder, type BuildOptions } from '../files/output-folder.js';
import { forgetProgress } from '../files/resume.js';
import { codecVersions } from '../image/codecs.js';
import { classNameOf, classTable } from '../imagenet/synsets.js';
import { inBatches } from '../parallel/ordered.js';
import { openWorkers } from '../parallel/workers.js';
import type { StageOptions } from '../progress.js';
import { canvasSize } from '../recipe/geometry.js';
import { portableRecipe, recipeDigest } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { PATCHML_VERSION } from '../version.js';
import type {
  ComposeBatch,
  ComposedImage,
  ComposeFileTask,
  ComposeSettings,
} from './compose-worker.js';
import {
  DATASET,
  type DatasetOrigin,
  type DatasetOutput,
  inspectPlace,
  openDatasetOutput,
} from './dataset-output.js';
import {
  type Plan,
  type PlanFolder,
  type PlanRow,
  readPlan,
  readPlanRows,
  requirePlanRows,
} from './make-plan.js';
import { PoolReader } from './pool-reader.js';
import { type PatchRow, type PoolFolder, readPatchRows, readPoolSummary } from './pool.js';
import { planPartOf, poolPartOf, requireSamePart, type RowMarks } from './stage-folder.js';

/** Images a worker takes at a time; fewer of large ones. */
const BATCH = 16;
/** Canvas pixels a worker takes at a time, at most, unless one canvas has more. */
const BATCH_PIXELS = 4e6;

export interface ComposeInput {
  recipe: Recipe;
  /** The pool folder, made by the same `source` and `patch` parts of the recipe. */
  pool: PoolFolder;
  /** The plan folder, made from that pool by the same recipe. */
  plan: PlanFolder;
  /** Where the dataset goes. */
  out: DatasetFolder;
}

export interface ComposeOptions extends StageOptions {
  /** Replaces another patchml dataset at `out`; never anything else. Default: false. */
  overwrite?: boolean | undefined;
}

/**
 * The last stage: paints and encodes every image of a plan and writes the dataset folder. One that
 * is there already is left as it is; an interrupted one is continued.
 * @throws DatasetError where the pool or the plan is invalid, damaged, or not of this recipe
 * @throws OutputError where `out` holds something else, cannot be written or is too small
 * @throws AbortedError
 */
export function composeDataset(
  input: ComposeInput,
  options: ComposeOptions = {},
): Promise<Dataset> {
  return explaining(() => compose(input, options));
}

async function compose(input: ComposeInput, options: ComposeOptions): Promise<Dataset> {
  const composition = await openComposition(input);
  const run = { from: 0, to: composition.plan.summary.images };
  return completeDataset(
    composition,
    (partial, output, marks) =>
      composeImages(composition, marks, { ...run, partial, output }, options),
    options,
  );
}

/** What a composition reads, and the dataset that it makes. */
export interface Composition extends Omit<ComposeInput, 'plan'> {
  plan: Plan;
  origin: DatasetOrigin;
}

/** @throws DatasetError where the pool or the plan is invalid, or not of this recipe */
export async function openComposition(input: ComposeInput): Promise<Composition> {
  const pool = await readPoolSummary(input.pool);
  const plan = await readPlan(input.plan);
  requireSamePart('pool', input.pool, pool.recipe, poolPartOf(input.recipe));
  if (plan.summary.pool !== pool.digest) {
    throw new DatasetError('this plan was made from another pool', {
      code: 'plan-of-another-pool',
      path: input.plan,
      fix: 'pass the pool it was made from, or run "patchml plan" with this one',
    });
  }
  requireSamePart('plan', input.plan, plan.summary.recipe, planPartOf(input.recipe));
  const origin: DatasetOrigin = {
    recipe: recipeDigest(input.recipe),
    pool: pool.digest,
    plan: plan.summary.digest,
    source: { ...pool.source, patches: pool.patches, drops: pool.drops },
    codecs: await codecVersions(),
  };
  return { ...input, plan, origin };
}

/** @throws DatasetError where the plan is damaged, or the pool has no pixels */
export function requireComposable({ plan, pool }: Composition): RowMarks {
  const marks = requirePlanRows(plan);
  new PoolReader(pool).close(); // so that a pool without pixels fails before the workers start
  return marks;
}

/** Puts images and rows into a folder. @param marks what {@link requireComposable} found */
export type FillDataset = (
  partial: string,
  output: DatasetOutput,
  marks: RowMarks,
) => Promise<void>;

/**
 * The dataset of a composition: the one that is there, or one whose images and rows are put into a
 * folder by `fill`, which may find some there already.
 */
export async function completeDataset(
  composition: Composition,
  fill: FillDataset,
  {
    overwrite = false,
    onProgress,
    isOnDisk,
  }: Pick<ComposeOptions, 'overwrite' | 'onProgress'> & Pick<BuildOptions, 'isOnDisk'> = {},
): Promise<Dataset> {
  const { recipe, out, plan, origin } = composition;
  if ((await inspectPlace(out, origin, overwrite)) === 'complete') {
    const { images } = plan.summary;
    onProgress?.({ stage: 'compose', done: images, total: images, unit: 'images' });
    return readDataset(out);
  }
  const marks = requireComposable(composition);
  const build = async (partial: string): Promise<void> => {
    const output = await openDatasetOutput(partial);
    try {
      await fill(partial, output, marks);
    } finally {
      await output.close();
    }
    await writeSummaries(recipe, origin, partial, output);
    await forgetProgress(partial);
  };
  await buildFolder(out, build, { kind: DATASET, origin, replace: overwrite, isOnDisk });
  return readDataset(out);
}

/** A run of images, in the order of the plan. */
export interface PlanRun {
  /** Where they go, and those that are there. */
  partial: string;
  output: DatasetOutput;
  /** The first image, from 0, and the one behind the last. */
  from: number;
  to: number;
}

/** What composes images of a composition, with threads and a pool that stay open until it is closed. */
export interface PlanComposer {
  /** Composes a run of images, those that are there left out. @param options jobs: of the threads, at most */
  compose(run: PlanRun, options: ComposeOptions): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param marks what {@link requireComposable} found
 * @param options expected: images that there will be
 */
export function openPlanComposer(
  composition: Composition,
  marks: RowMarks,
  { jobs: threads, expected }: { jobs?: number | undefined; expected: number },
): PlanComposer {
  const { recipe, pool, plan } = composition;
  const settings: ComposeSettings = { recipe, pool };
  const workers = openWorkers<ComposeBatch, ComposedImage[]>({
    worker: new URL('./compose-worker.js', import.meta.url),
    workerData: settings,
    expected: Math.ceil(expected / batchOf(recipe)),
    jobs: threads,
  });
  let patches: Promise<Map<string, PatchRow>> | undefined;
  return {
    async compose({ partial, output, from, to }, { jobs, signal, onProgress }) {
      const total = to - from;
      await requireSpace(partial, estimateBytes(recipe, total - output.images), 'the dataset');
      onProgress?.({ stage: 'compose', done: output.images, total, unit: 'images' });
      const rowOf = await (patches ??= patchesOf(pool));
      const rows = readPlanRows(plan.folder, { from: from + output.images, marks });
      const underWay: ComposeFileTask[][] = [];
      const left = inBatches(rows, batchOf(recipe), 0, total - output.images);
      const batches = tasksOf(composition, { rows: left, rowOf, partial, output }, underWay);
      for await (const composed of workers.map(batches, { jobs, signal, stage: 'compose' })) {
        const tasks = underWay.shift()!;
        await output.append(tasks.map((task, i) => toMetadataRow(task, composed[i]!)));
        onProgress?.({ stage: 'compose', done: output.images, total, unit: 'images' });
      }
    },
    close: () => workers.close(),
  };
}

async function patchesOf(pool: PoolFolder): Promise<Map<string, PatchRow>> {
  return new Map((await readPatchRows(pool)).map((row) => [row.id, row]));
}

/** Composes a run of images, those that are there left out, in threads that end with it. */
export async function composeImages(
  composition: Composition,
  marks: RowMarks,
  run: PlanRun,
  options: ComposeOptions,
): Promise<void> {
  const expected = run.to - run.from - run.output.images;
  const composer = openPlanComposer(composition, marks, { jobs: options.jobs, expected });
  try {
    await composer.compose(run, options);
  } finally {
    await composer.close();
  }
}

/** Makes the row of a composed image. */
function toMetadataRow(
  { row: { id, k, objects }, patches, file }: ComposeFileTask,
  digests: ComposedImage,
): MetadataRow {
  const wnidOf = new Map(patches.map((patch) => [patch.class, patch.wnid]));
  const labels = [...wnidOf.keys()].sort((a, b) => a - b);
  return {
    file_name: file,
    id,
    k,
    labels,
    label_names: labels.map(classNameOf),
    wnids: labels.map((label) => wnidOf.get(label)!),
    objects: {
      bbox: objects.map(({ bbox }) => [...bbox]),
      category: patches.map((patch) => patch.class),
      patch: patches.map((patch) => patch.id),
      source: patches.map(({ source }) => source),
    },
    sha256: digests.sha256,
    pixels_sha256: digests.pixels_sha256,
  };
}

interface PlannedBatches extends Pick<PlanRun, 'partial' | 'output'> {
  rows: AsyncIterable<PlanRow[]>;
  rowOf: ReadonlyMap<string, PatchRow>;
}

/** Batches of a plan's rows, whose folders are there; each is also put behind `underWay`. */
async function* tasksOf(
  { recipe, plan }: Composition,
  { rows: batches, rowOf, partial, output }: PlannedBatches,
  underWay: ComposeFileTask[][],
): AsyncGenerator<ComposeBatch> {
  for await (const rows of batches) {
    const images = rows.map((row) => ({
      row,
      patches: row.objects.map(({ patch }) => rowOf.get(patch) ?? notInPool(patch, plan.folder)),
      file: imageFile(row, recipe, plan.summary.images),
    }));
    for (const { file } of images) await output.makeFolderOf(file);
    underWay.push(images);
    yield { folder: partial, images };
  }
}

/** Images of a batch. */
function batchOf(recipe: Recipe): number {
  const [width, height] = canvasSize(recipe);
  return Math.max(1, Math.min(BATCH, Math.floor(BATCH_PIXELS / (width * height))));
}

function notInPool(patch: string, plan: PlanFolder): never {
  throw new DatasetError(`the pool has no patch ${patch}`, {
    code: 'plan-of-another-pool',
    path: plan,
    fix: 'remove the plan and run "patchml plan" again',
  });
}

async function writeSummaries(
  recipe: Recipe,
  origin: DatasetOrigin,
  partial: string,
  output: DatasetOutput,
): Promise<void> {
  const { images, counts, classes } = output;
  const summary: DatasetSummary = {
    format: 'patchml-dataset',
    name: recipe.name,
    version: recipe.version,
    recipe: portableRecipe(recipe),
    images,
    counts,
    meanSide: output.meanSide(),
    source: origin.source,
    classes: Object.fromEntries([...classes.entries()].sort(([a], [b]) => byteOrder(a, b))),
  };
  const texts = {
    [SUMMARY_FILE]: toJson(summary),
    [CLASSES_FILE]: toJson(classTable()),
    [README_FILE]: datasetReadme(summary),
  };
  const write = (file: string, text: string): Promise<void> =>
    writeWhole(join(partial, file), text, { sync: false }); // the folder is, with all in it
  for (const [file, text] of Object.entries(texts)) await write(file, text);
  const names = [METADATA_FILE, ...Object.keys(texts)].sort(byteOrder);
  const files = Object.fromEntries(names.map((file) => [file, sha256File(join(partial, file))]));
  const fields: DatasetLock = {
    format: 'patchml-lock',
    dataset: await datasetDigest(filesInOrder({ files }, output.imagesInOrder())),
    recipe: origin.recipe,
    pool: origin.pool,
    plan: origin.plan,
    versions: { node: process.versions.node, patchml: PATCHML_VERSION, ...origin.codecs },
    files,
  };
  const lock: DatasetLock = { ...fields, lock: lockDigest(fields) };
  await write(LOCK_FILE, toJson(lock));
}

/** More than any photograph takes in this format, bytes. */
function estimateBytes(recipe: Recipe, images: number): number {
  const [width, height] = canvasSize(recipe);
  const bytesAPixel = recipe.encode.format === 'jpeg' ? 1 : 2.5;
  return Math.ceil(images * width * height * bytesAPixel);
}
