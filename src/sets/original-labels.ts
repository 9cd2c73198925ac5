import { EvaluationError } from '../errors.js';
import { readAnnotationCsv } from '../imagenet/annotation-csv.js';
import type { Annotation, MalformedAnnotation } from '../imagenet/annotation.js';
import { imageName, lastPart } from '../imagenet/images.js';
import { type ClassIndex, classOf } from '../imagenet/synsets.js';
import { classOfDevkitId } from './devkit-classes.js';
import { type ImageLabels, isImageLabels, parseImageLabels } from './image-labels.js';
import { shownValue, readLabelText } from './label-file.js';

/** The single original label of each validation image, in id order; undefined: not in the file. */
export type OriginalLabels = readonly (ClassIndex | undefined)[];

/** A file of original labels: of the validation set, or of images that it lists. */
export type Originals =
  | { form: 'validation'; path: string; classes: OriginalLabels }
  | { form: 'listed'; path: string; rows: readonly ImageLabels[] };

/**
 * Reads original labels: of the validation set, see {@link readOriginalLabels}, or files with one
 * label each, such as ImageNetV2's, as CSV or JSON.
 * @throws EvaluationError where it is none of them, or a label is none of the 1,000 classes
 */
export async function readOriginals(path: string): Promise<Originals> {
  const text = await readLabelText(path);
  if (!isImageLabels(text)) {
    return { form: 'validation', path, classes: await readOriginalLabels(path) };
  }
  const rows = parseImageLabels(text, path);
  const odd = rows.find(({ labels }) => labels.length !== 1);
  if (odd !== undefined) {
    throw new EvaluationError(
      `expected one original label of each image, got ${odd.labels.length} of ${shownValue(odd.file)}`,
      { code: 'originals-row', path, fix: 'pass lists of labels with --labels' },
    );
  }
  const classes = Array.from<ClassIndex | undefined>({ length: VAL_IMAGES });
  for (const { file, labels } of rows) {
    const position = valPosition(lastPart(imageName(file)));
    if (position === undefined) return { form: 'listed', path, rows };
    classes[position] = labels[0];
  }
  return { form: 'validation', path, classes };
}

/**
 * Reads the original labels of the validation set: Kaggle's `LOC_val_solution.csv`, or the
 * development kit's `ILSVRC2012_validation_ground_truth.txt`.
 * @throws EvaluationError where it is neither, or a label is none of the 1,000 classes
 */
export async function readOriginalLabels(path: string): Promise<OriginalLabels> {
  const text = await readLabelText(path);
  if (/^\d+\s*(\n|$)/.test(text)) return parseDevkitLabels(text, path);
  if (text.startsWith('ImageId,')) return fromAnnotations(await readAnnotationCsv(path), path);
  throw new EvaluationError(`this is not a file of original labels: ${shownValue(text)}`, {
    code: 'originals-unknown-form',
    path,
    fix: "pass a LOC_val_solution.csv, the devkit's ILSVRC2012_validation_ground_truth.txt, or a CSV with the header file,label",
  });
}

function fromAnnotations(
  rows: readonly (Annotation | MalformedAnnotation)[],
  path: string,
): OriginalLabels {
  const originals = Array.from<ClassIndex | undefined>({ length: VAL_IMAGES });
  let found = 0;
  rows.forEach((row, index) => {
    const position = valPosition(row.imageId);
    if (position === undefined) return;
    if (originals[position] !== undefined) {
      throw invalidRow(`${row.imageId} is listed twice`, path, index);
    }
    originals[position] = onlyClass(row, path, index);
    found += 1;
  });
  if (found > 0) return originals;
  throw new EvaluationError('it has no row for a validation image', {
    code: 'originals-none',
    path,
    fix: 'pass a LOC_val_solution.csv',
  });
}

/** All objects that are boxed in an image of ImageNet are of the class that it was taken for. */
function onlyClass(row: Annotation | MalformedAnnotation, path: string, index: number): ClassIndex {
  if ('problem' in row) throw invalidRow(row.problem, path, index);
  const named = row.objects.map((object) => {
    if ('problem' in object) throw invalidRow(object.problem, path, index);
    return object.wnid;
  });
  const wnids = [...new Set(named)];
  if (wnids.length !== 1) {
    throw invalidRow(`expected one class, got ${wnids.length}`, path, index);
  }
  const classIndex = classOf(wnids[0]!);
  if (classIndex !== undefined) return classIndex;
  throw invalidRow(`${shownValue(wnids[0])} is not one of the 1,000 synsets`, path, index);
}

function invalidRow(problem: string, path: string, index: number): EvaluationError {
  return new EvaluationError(problem, {
    code: 'originals-row',
    path,
    place: `row ${index + 2}`,
    fix: 'download it again',
  });
}

/**
 * The original labels of the validation images, in id order, from the development kit's
 * `ILSVRC2012_validation_ground_truth.txt`: an ILSVRC id 1 to 1000 a line. These ids are no class
 * indices; the kit orders its synsets in a way of its own.
 * @throws EvaluationError `originals-devkit-id`, `originals-devkit-length`
 */
export function parseDevkitLabels(text: string, path: string): ClassIndex[] {
  const lines = text.trimEnd().split('\n');
  const classes = lines.map((line, index) => {
    const id = line.trim();
    const classIndex = /^\d{1,4}$/.test(id) ? classOfDevkitId(Number(id)) : undefined;
    if (classIndex !== undefined) return classIndex;
    throw new EvaluationError(`expected an ILSVRC id 1 to 1000, got ${shownValue(id)}`, {
      code: 'originals-devkit-id',
      path,
      place: `line ${index + 1}`,
      fix: "pass the devkit's ILSVRC2012_validation_ground_truth.txt; a list of class indices is something else",
    });
  });
  if (classes.length === VAL_IMAGES) return classes;
  throw new EvaluationError(`expected ${VAL_IMAGES} lines, got ${classes.length}`, {
    code: 'originals-devkit-length',
    path,
    fix: "pass the devkit's complete ILSVRC2012_validation_ground_truth.txt",
  });
}

/** How many images ILSVRC2012's validation set has. */
export const VAL_IMAGES = 50_000;

const VAL_ID = /^ILSVRC2012_val_(\d{8})$/;

/** The id of a validation image. @param position its place in id order, 0 to 49,999 */
export function valId(position: number): string {
  return `ILSVRC2012_val_${String(position + 1).padStart(8, '0')}`;
}

/** The place of a validation image in id order, or undefined where the id is of none. */
export function valPosition(id: string): number | undefined {
  const position = Number(VAL_ID.exec(id)?.[1] ?? 0) - 1;
  return position >= 0 && position < VAL_IMAGES ? position : undefined;
}
