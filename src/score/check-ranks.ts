import { EvaluationError } from '../errors.js';
import type { PredictionSource } from '../evaluate/prediction-source.js';

/**
 * @param firstRow the number in the file, from 0, of the first of these rows
 * @throws EvaluationError `predictions-not-classes` unless each row holds distinct class indices
 */
export function requireRanks(
  ranked: Int32Array,
  source: PredictionSource,
  firstRow: number,
  classCount: number,
): void {
  const seenIn = new Int32Array(classCount).fill(-1);
  for (let at = 0; at < ranked.length; at += 1) {
    const label = ranked[at]!;
    const row = Math.floor(at / source.width);
    if (label >= 0 && label < classCount && seenIn[label] !== row) {
      seenIn[label] = row;
      continue;
    }
    const twice = seenIn[label] === row ? ' twice' : '';
    throw new EvaluationError(
      `expected distinct class indices from 0 to ${classCount - 1}, got ${label}${twice}`,
      {
        code: 'predictions-not-classes',
        path: source.path,
        place: placeOf(at, source, firstRow),
        fix: 'give the classes of each image, best first, counted from 0',
      },
    );
  }
}

/** Rows are named as the file has them, from 0, and by their image where that is known. */
function placeOf(at: number, { width, ids }: PredictionSource, firstRow: number): string {
  const row = firstRow + Math.floor(at / width);
  const id = ids?.[row];
  return id === undefined ? `row ${row} (from 0)` : `row ${row} (from 0), ${id}`;
}
