import type { PredictionRows } from '../prediction-source.js';
import { problemIn } from './prediction-errors.js';

/** More classes than this no model has, and class indices above it are none. */
export const MAX_CLASSES = 65_536;

/** Bytes of values in a batch. */
const BATCH_BYTES = 8 * 2 ** 20;

/** Rows in a batch of about {@link BATCH_BYTES}, at least one. */
export function rowsPerBatch(width: number, bytesPerValue: number, bytes = BATCH_BYTES): number {
  return Math.max(1, Math.floor(bytes / (width * bytesPerValue)));
}

/**
 * Checks the size that a file says its predictions have.
 * @throws EvaluationError `predictions-empty` or `predictions-too-wide`
 */
export function requireShape(images: number, width: number, path: string, place?: string): void {
  const where = place === undefined ? {} : { place };
  if (images === 0 || width === 0) {
    throw problemIn(
      path,
      'predictions-empty',
      `no predictions: ${images} rows of ${width} values`,
      {
        ...where,
        fix: 'give one row an image',
      },
    );
  }
  if (width > MAX_CLASSES) {
    throw problemIn(
      path,
      'predictions-too-wide',
      `expected at most ${MAX_CLASSES} classes, got rows of ${width} values`,
      { ...where, fix: 'give one row an image, one value a class' },
    );
  }
}

/**
 * Checks one batch: scores must be finite, ranked values class indices.
 * @param firstRow the row of the file that the batch starts at, from 0
 * @throws EvaluationError `predictions-not-finite` or `predictions-not-a-class`, with row and class
 */
export function requireValid(
  values: PredictionRows,
  width: number,
  firstRow: number,
  path: string,
): void {
  const at = values instanceof Int32Array ? findNoClass(values) : findNotFinite(values);
  if (at === -1) return;
  throw invalidValue(values, at, width, firstRow, path);
}

function findNotFinite(values: Float32Array | Float64Array): number {
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at]!;
    if (value - value !== 0) return at;
  }
  return -1;
}

function findNoClass(values: Int32Array): number {
  for (let at = 0; at < values.length; at += 1) {
    if (values[at]! >>> 0 >= MAX_CLASSES) return at;
  }
  return -1;
}

function invalidValue(
  values: PredictionRows,
  at: number,
  width: number,
  firstRow: number,
  path: string,
): Error {
  const row = firstRow + Math.floor(at / width);
  const got = values[at]!;
  if (values instanceof Int32Array) {
    return problemIn(
      path,
      'predictions-not-a-class',
      `expected a class index from 0 to ${MAX_CLASSES - 1}, got ${got}`,
      { place: `row ${row}, rank ${at % width} (from 0)`, fix: 'rank classes by their indices' },
    );
  }
  return problemIn(path, 'predictions-not-finite', `expected a finite score, got ${got}`, {
    place: `row ${row}, class ${at % width} (from 0)`,
    fix: 'check what made the scores',
  });
}
