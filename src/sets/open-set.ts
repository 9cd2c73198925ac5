import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LOCK_FILE, METADATA_FILE, readDataset, SUMMARY_FILE } from '../dataset/dataset.js';
import { IMAGES_FOLDER } from '../dataset/image-files.js';
import type { MetadataRow } from '../dataset/row.js';
import { EvaluationError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { exists } from '../files/folders.js';
import { listFiles } from '../files/listing.js';
import { readListing } from '../imagenet/images.js';
import { cellOf } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import {
  type EvaluationSet,
  finishSet,
  type PaintedImage,
  type SetItem,
} from './evaluation-set.js';
import { openClassFolders } from './folder-set.js';
import { type Labels, readLabels } from './labels.js';
import { openListedImages } from './listed-set.js';
import type { MultiLabelRule } from './multi-labels.js';
import { readOriginals } from './original-labels.js';
import { openValidationSet } from './validation-set.js';

/** What a user names a set by: a dataset, or images with labels, or labels alone. */
export interface EvaluationSetInput {
  /**
   * A folder that says itself what is in its images: a PatchML dataset, ImageNetV2 (class folders
   * 0 to 999), or class folders named by wnid. Not together with `images`.
   */
  dataset?: string | undefined;
  /**
   * ImageNet's validation images: a folder or the official `.tar`; or any folder of images, with
   * `labels` that list them.
   */
  images?: string | undefined;
  /**
   * ReaL's `real.json`; the multi-labels of Shankar et al.; or files and their labels, as JSON
   * (`{file: label | [labels]}`, or a list of `{file, labels}`), JSON Lines or CSV (`file,labels`).
   * Files are found by the end of their paths, by name alone where that is unique.
   */
  labels?: string | undefined;
  /**
   * The original labels of the validation set: `LOC_val_solution.csv`, or the devkit's
   * `ILSVRC2012_validation_ground_truth.txt`. Or of other images: a CSV with the header `file,label`,
   * which then says which images there are. Default: the class folders the images lie in, if any.
   */
  originals?: string | undefined;
  /** Which of the multi-labels of Shankar et al. are valid. Default: `authors`. */
  multiLabelRule?: MultiLabelRule | undefined;
}

/**
 * Opens a set of images to evaluate on, with the classes that are right for each.
 * @throws EvaluationError where the input says nothing or contradicts itself, or a file is not what
 *   it should be
 * @throws DatasetError for a PatchML dataset that is incomplete or damaged
 * @throws ImageError where no image is in `images`; OutputError where a file cannot be read
 * @example
 * await openEvaluationSet({ images: 'val', labels: 'real.json', originals: 'LOC_val_solution.csv' })
 */
export async function openEvaluationSet(input: EvaluationSetInput): Promise<EvaluationSet> {
  requireOneSet(input);
  try {
    return input.dataset === undefined
      ? await openImageSet(input)
      : await openDataset(resolve(input.dataset), input);
  } catch (error) {
    throw explainError(error);
  }
}

async function openDataset(folder: string, input: EvaluationSetInput): Promise<EvaluationSet> {
  if (!(await stat(folder)).isDirectory()) {
    throw new EvaluationError('expected a folder, got a file', {
      code: 'evaluation-unknown-form',
      path: folder,
      fix: 'unpack it; the .tar of the validation images goes with --images',
    });
  }
  if (await isPatchml(folder)) {
    if (input.labels !== undefined) {
      throw contradiction('a PatchML dataset has its own labels', 'leave out --labels');
    }
    requireMultiLabels(undefined, input);
    return openPatchmlSet(folder);
  }
  try {
    return await openClassFolders(folder, await readLabelsOf(input));
  } catch (error) {
    const isUnknown = error instanceof EvaluationError && error.code === 'evaluation-unknown-form';
    if (isUnknown) await requireNoSummary(folder);
    throw error;
  }
}

/** What is left of a PatchML dataset that has lost its lock and its metadata. */
async function requireNoSummary(folder: string): Promise<void> {
  if (await exists(join(folder, SUMMARY_FILE))) await readDataset(folder);
}

async function openImageSet(input: EvaluationSetInput): Promise<EvaluationSet> {
  const labels = await readLabelsOf(input);
  const originals =
    input.originals === undefined ? undefined : await readOriginals(input.originals);
  if (labels?.form !== 'image-labels' && originals?.form !== 'listed') {
    return openValidationSet({ images: input.images, labels, originals });
  }
  if (labels?.form === 'image-labels' && originals?.form === 'validation') {
    throw contradiction(
      '--originals are for the validation set, but --labels lists other images',
      'leave out --originals, or pass a CSV of file,label for the same images',
    );
  }
  const list = { labels, originals: originals?.form === 'listed' ? originals : undefined };
  if (input.images === undefined) return openListedImages(undefined, list);
  const folder = resolve(input.images);
  if ((await stat(folder)).isDirectory()) return openListedImages(folder, list);
  throw new EvaluationError('expected a folder of the images that are listed, got a file', {
    code: 'evaluation-unknown-form',
    path: folder,
    fix: 'unpack it',
  });
}

async function readLabelsOf(input: EvaluationSetInput): Promise<Labels | undefined> {
  const { labels: path, multiLabelRule = 'authors' } = input;
  const labels = path === undefined ? undefined : await readLabels(path, multiLabelRule);
  requireMultiLabels(labels, input);
  return labels;
}

/** A rule that says nothing of these labels would be passed over in silence. */
function requireMultiLabels(
  labels: Labels | undefined,
  { multiLabelRule }: EvaluationSetInput,
): void {
  if (multiLabelRule === undefined || labels?.form === 'multi-label') return;
  throw contradiction(
    '--multi-label-rule applies only to human_accuracy_v3.0.0.json',
    'leave out --multi-label-rule',
  );
}

/** The lock tells, or what is there of a dataset that has lost it. */
async function isPatchml(folder: string): Promise<boolean> {
  if (await exists(join(folder, LOCK_FILE))) return true;
  return (await exists(join(folder, SUMMARY_FILE))) && (await exists(join(folder, METADATA_FILE)));
}

function requireOneSet({ dataset, images, labels, originals }: EvaluationSetInput): void {
  if (dataset !== undefined && images !== undefined) {
    throw contradiction('--dataset and --images cannot be used together', 'leave out one of them');
  }
  if (dataset !== undefined && originals !== undefined) {
    throw contradiction(
      '--originals are for the validation set, but --dataset is another set',
      'leave out --originals, or pass the validation images with --images',
    );
  }
  if ([dataset, images, labels, originals].every((given) => given === undefined)) {
    throw new EvaluationError('no evaluation set was given', {
      code: 'evaluation-nothing-given',
      fix: 'pass --dataset, or --images with --labels or --originals, or only --labels',
    });
  }
}

function contradiction(problem: string, fix: string): EvaluationError {
  return new EvaluationError(problem, { code: 'evaluation-contradiction', fix });
}

/**
 * Opens a PatchML dataset: its label sets are known, and no image has an original label.
 * @throws DatasetError where its files are not what they should be
 * @throws EvaluationError where an image is not there
 */
async function openPatchmlSet(folder: string): Promise<EvaluationSet> {
  const { summary, lock, rows } = await readDataset(folder);
  const sizes = await imageSizes(folder);
  const { recipe } = summary;
  const items: SetItem[] = [];
  const images: PaintedImage[] = [];
  for await (const row of rows()) {
    const { id, file_name: file, labels } = row;
    const size = sizes.get(file);
    if (size === undefined) throw damaged(`${file} is missing`, folder);
    items.push({ id, place: { file, size }, labels, pixels: row.pixels_sha256 });
    const { bbox, category, patch } = row.objects;
    if (category.length !== bbox.length || patch.length !== bbox.length) {
      throw damaged(`the objects of ${id} have lists of different lengths`, folder);
    }
    images.push(paintedImage(row, recipe));
  }
  const name = `${summary.name} ${summary.version}`;
  const store = { path: folder, fingerprint: lock.dataset };
  const set = finishSet({ name, kind: 'patchml', rule: 'patchml', store }, items, {}, folder);
  return { ...set, painted: { layout: recipe.layout.type, images } };
}

/** Of each image its size, by its path from the dataset; of a local copy, as its store says. */
async function imageSizes(folder: string): Promise<Map<string, number>> {
  const listed = await readListing(folder);
  if (listed) return new Map(listed.map(({ path, size }) => [path, size]));
  const files = await listFiles(join(folder, IMAGES_FOLDER), () => true, { follow: true });
  return new Map(files.map(({ path, size }) => [`${IMAGES_FOLDER}/${path}`, size]));
}

function paintedImage({ id, objects }: MetadataRow, recipe: Recipe): PaintedImage {
  const { bbox, category, patch } = objects;
  const [, number] = /^k\d+-(\d+)$/.exec(id) ?? [];
  return {
    number: recipe.sampling.paired && number !== undefined ? Number(number) : undefined,
    objects: bbox.map((box, at) => ({
      category: category[at]!,
      patch: patch[at]!,
      side: Math.sqrt(box[2] * box[3]),
      cell: cellOf(recipe, bbox.length, box),
    })),
  };
}

function damaged(problem: string, path: string): EvaluationError {
  return new EvaluationError(problem, {
    code: 'evaluation-dataset-damaged',
    path,
    fix: 'check it with "patchml verify"',
  });
}
