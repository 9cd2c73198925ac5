import { EvaluationError } from '../../errors.js';
import type { ClassIndex } from '../synsets.js';
import { VAL_IMAGES } from '../val-ids.js';
import { parseClasses } from './parse-classes.js';

/**
 * The ReaL labels of the validation images, in id order: entry i is of image i + 1, and an empty
 * list means "not annotated" (Beyer et al., https://arxiv.org/abs/2006.07159).
 * @throws EvaluationError `labels-real-length`, or that of a label which is no class
 */
export function parseRealLabels(lists: readonly unknown[], path: string): ClassIndex[][] {
  if (lists.length !== VAL_IMAGES) {
    throw new EvaluationError(`expected ${VAL_IMAGES} lists of labels, got ${lists.length}`, {
      code: 'labels-real-length',
      path,
      fix: "give ReaL's own real.json, whole",
    });
  }
  return lists.map((list, entry) =>
    parseClasses(list, { path, place: `entry ${entry} (counted from 0)` }),
  );
}
