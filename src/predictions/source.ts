import { type ErrorCode, EvaluationError, messageOf, PatchmlError } from '../errors.js';
import { explainError } from '../files/file-errors.js';

/** Row-major scores or ranks of some images. */
export type PredictionRows = Float32Array | Float64Array | Int32Array;

/**
 * What scores are: logits, of which softmax makes probabilities; each image's probabilities; or
 * whole numbers of a quantised model of which it is not known what a step is worth. These rank the
 * classes of an image, and cannot be compared between images.
 */
export const SCORE_SCALES = ['logits', 'probabilities', 'quantised'] as const;
export type ScoreScale = (typeof SCORE_SCALES)[number];

/** Predictions, read in batches of rows in the file's own order; they can be read several times. */
export interface PredictionSource {
  /** `scores`: logits or probabilities; `ranked`: class indices, best first. */
  kind: 'scores' | 'ranked';
  images: number;
  /** Values per row: the number of classes, or of ranks. */
  width: number;
  /** One id a row, in the file's order; undefined where the file has none. */
  ids: readonly string[] | undefined;
  /** The file, as errors name it. */
  path: string;
  /** What scores are; logits and probabilities are inferred from the values where it is not given. */
  scale?: ScoreScale | undefined;
  /** Whether scores are known to be finite: those of `openPredictions`, which looks at each. */
  isChecked?: boolean | undefined;
  /** `Int32Array`s where ranked, else float; each a whole number of rows, [rows x width]. */
  batches: () => AsyncIterable<PredictionRows>;
}

/** More classes than this no model has, and class indices above it are none. */
export const MAX_CLASSES = 65_536;

/** More images than this no evaluation set has; their ids are kept in memory. */
const MAX_IMAGES = 5e6;

/** @throws EvaluationError `predictions-too-many` */
export function requireFewImages(images: number, path: string, place?: string): void {
  if (images <= MAX_IMAGES) return;
  throw problemIn(
    path,
    'predictions-too-many',
    `expected at most ${MAX_IMAGES} rows, got ${images}`,
    {
      ...(place === undefined ? {} : { place }),
      fix: 'write one row per image',
    },
  );
}

/** Bytes of values in a batch. */
const BATCH_BYTES = 2 * 2 ** 20;

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
        fix: 'write one row per image',
      },
    );
  }
  if (width > MAX_CLASSES) {
    throw problemIn(
      path,
      'predictions-too-wide',
      `expected at most ${MAX_CLASSES} classes, got rows of ${width} values`,
      { ...where, fix: 'write one row per image, one value per class' },
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
      { place: `row ${row}, rank ${at % width} (from 0)`, fix: 'write classes as their indices' },
    );
  }
  return problemIn(path, 'predictions-not-finite', `expected a finite score, got ${got}`, {
    place: `row ${row}, class ${at % width} (from 0)`,
    fix: 'check the program that wrote the scores',
  });
}

/** Says what is wrong with a file of predictions. */
export function problemIn(
  path: string,
  code: ErrorCode & `predictions-${string}`,
  problem: string,
  more: { place?: string; fix?: string; cause?: unknown } = {},
): EvaluationError {
  return new EvaluationError(problem, { code, path, ...more });
}

/**
 * What a library said of a file that it could not read, in our words; errors that are ours, or the
 * file system's, stay what they are.
 * @param what such as `this is not Parquet`
 */
export function unreadable(error: unknown, path: string, what: string): unknown {
  const known = explainError(error, path);
  if (known instanceof PatchmlError) return known;
  return problemIn(path, 'predictions-unreadable', `${what}: ${messageOf(error)}`, {
    fix: 'write it again',
    cause: error,
  });
}

/** What cannot, or should not, be guessed from a file of predictions. */
export interface PredictionOptions {
  /** Inferred from the file where not given: floats are scores, whole numbers are ranked classes. */
  kind?: PredictionSource['kind'] | undefined;
  /** Inferred from the values where not given: rows from 0 to 1 with a sum of 1 are probabilities. */
  scale?: ScoreScale | undefined;
  /** The column of ids in a .csv or .parquet; default: one named as ids are. */
  idColumn?: string | undefined;
  /** A file of ids, one per row: a line each, or a .json array. It goes before ids in the file. */
  ids?: string | undefined;
  /** The array in an .npz; default: the only one, or the one named as predictions are. */
  key?: string | undefined;
}
