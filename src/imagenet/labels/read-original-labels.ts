import { EvaluationError } from '../../errors.js';
import type { Annotation, MalformedAnnotation } from '../annotation.js';
import { readAnnotationCsv } from '../read-annotation-csv.js';
import { type ClassIndex, classOf } from '../synsets.js';
import { VAL_IMAGES, valPosition } from '../val-ids.js';
import { describe } from './parse-classes.js';
import { parseDevkitLabels } from './parse-devkit-labels.js';
import { readLabelText } from './read-label-text.js';

/** The single original label of each validation image, in id order; undefined: not in the file. */
export type OriginalLabels = readonly (ClassIndex | undefined)[];

/**
 * Reads the original labels of the validation set: Kaggle's `LOC_val_solution.csv`, or the
 * development kit's `ILSVRC2012_validation_ground_truth.txt`.
 * @throws EvaluationError where it is neither, or a label is none of the 1,000 classes
 */
export async function readOriginalLabels(path: string): Promise<OriginalLabels> {
  const text = await readLabelText(path);
  if (/^\d+\s*(\n|$)/.test(text)) return parseDevkitLabels(text, path);
  if (text.startsWith('ImageId,')) return fromAnnotations(await readAnnotationCsv(path), path);
  throw new EvaluationError(`these are no original labels: ${describe(text)}`, {
    code: 'originals-unknown-form',
    path,
    fix: "give a LOC_val_solution.csv or the devkit's ILSVRC2012_validation_ground_truth.txt",
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
  throw new EvaluationError('no row is of an image of the validation set', {
    code: 'originals-none',
    path,
    fix: 'give a LOC_val_solution.csv',
  });
}

/** All objects that are boxed in an image of ImageNet are of the class that it was taken for. */
function onlyClass(row: Annotation | MalformedAnnotation, path: string, index: number): ClassIndex {
  if ('problem' in row) throw invalidRow(row.problem, path, index);
  const wnids = [...new Set(row.objects.map(({ wnid }) => wnid))];
  if (wnids.length !== 1) {
    throw invalidRow(`expected one class, got ${wnids.length}`, path, index);
  }
  const classIndex = classOf(wnids[0]!);
  if (classIndex !== undefined) return classIndex;
  throw invalidRow(`${describe(wnids[0])} is none of the 1,000 synsets`, path, index);
}

function invalidRow(problem: string, path: string, index: number): EvaluationError {
  return new EvaluationError(problem, {
    code: 'originals-row',
    path,
    place: `row ${index + 2}`,
    fix: 'download it again',
  });
}
