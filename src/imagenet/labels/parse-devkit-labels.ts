import { EvaluationError } from '../../errors.js';
import { classOfDevkitId } from '../devkit-classes.js';
import type { ClassIndex } from '../synsets.js';
import { VAL_IMAGES } from '../val-ids.js';
import { describe } from './parse-classes.js';

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
    throw new EvaluationError(`expected an ILSVRC id 1 to 1000, got ${describe(id)}`, {
      code: 'originals-devkit-id',
      path,
      place: `line ${index + 1}`,
      fix: "give the devkit's ILSVRC2012_validation_ground_truth.txt; a list of class indices is another thing",
    });
  });
  if (classes.length === VAL_IMAGES) return classes;
  throw new EvaluationError(`expected ${VAL_IMAGES} lines, got ${classes.length}`, {
    code: 'originals-devkit-length',
    path,
    fix: "give the devkit's ILSVRC2012_validation_ground_truth.txt, whole",
  });
}
