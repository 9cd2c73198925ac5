import { types } from 'node:util';

const { isNativeError } = types;

/** What every error of patchml says: the file, the place in it, what was expected, and what to do. */
export interface ErrorDetails {
  /** Stable, machine-readable name of the problem, such as `recipe-unknown-field`. */
  code: string;
  /** The file or folder the problem is in. */
  path?: string | undefined;
  /** Where in the file: a field, a line, a row. */
  place?: string | undefined;
  /** What to do about it. */
  fix?: string | undefined;
  cause?: unknown;
}

/** The base of patchml's errors; `message` is one line that says all of the details. */
export class PatchmlError extends Error {
  readonly code: string;
  readonly path: string | undefined;
  readonly place: string | undefined;
  readonly fix: string | undefined;

  constructor(problem: string, details: ErrorDetails) {
    const where = [details.path, details.place].filter(Boolean).join(': ');
    const message = `${where ? `${where}: ` : ''}${problem}${details.fix ? `; ${details.fix}` : ''}`;
    super(
      message.replace(/\s*\n\s*/g, ' '),
      details.cause === undefined ? {} : { cause: details.cause },
    );
    this.name = new.target.name;
    this.code = details.code;
    this.path = details.path;
    this.place = details.place;
    this.fix = details.fix;
  }
}

/** A recipe that cannot be read, or says what cannot be done. */
export class RecipeError extends PatchmlError {}
/** Annotations (XML, CSV, archive) that cannot be read. */
export class AnnotationError extends PatchmlError {}
/** An image, or a store of images, that cannot be read. */
export class ImageError extends PatchmlError {}
/** A demand for patches that the pool cannot meet. */
export class SamplingError extends PatchmlError {}
/** A pool, plan or dataset folder that is not what it should be. */
export class DatasetError extends PatchmlError {}
/** A release that cannot be made, or is not what it should be. */
export class ReleaseError extends PatchmlError {}
/** Predictions, labels or a model that cannot be evaluated. */
export class EvaluationError extends PatchmlError {}
/** A place that cannot be written: full, forbidden, or holding something else. */
export class OutputError extends PatchmlError {}
/** A release that cannot be sent to a store, or fetched from it. */
export class TransferError extends PatchmlError {}
/** Stages that keep nothing of what they did before they were stopped. */
const BEGIN_ANEW = ['verify', 'score', 'compare', 'release'];

/** The run was stopped by its `AbortSignal`; what was finished is kept. */
export class AbortedError extends PatchmlError {
  constructor(stage: string) {
    const from = BEGIN_ANEW.includes(stage) ? '' : ' to go on from here';
    super(`${stage} was stopped`, { code: 'aborted', fix: `run the same command again${from}` });
  }
}

/** What a library said when it failed, whatever it threw. */
export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : String(error);
}

const FILE_SYSTEM_PROBLEMS: Record<string, [problem: string, fix: string]> = {
  ENOSPC: ['the disk is full', 'free some space and run the same command again to go on'],
  EDQUOT: ['the disk quota is used up', 'free some space and run the same command again to go on'],
  EACCES: ['permission denied', 'check who owns it and its mode'],
  EPERM: ['operation not permitted', 'check who owns it and its mode'],
  EROFS: ['the file system is read-only', 'write to another folder'],
  ENOTDIR: ['a part of this path is a file, not a folder', 'name another folder'],
  EISDIR: ['this is a folder, not a file', 'name a file'],
  EMFILE: ['too many open files', 'raise the limit (ulimit -n) or lower --jobs'],
  ENOENT: ['no such file or folder', 'check the path'],
};

/**
 * Turns a file-system error into a {@link PatchmlError}; returns any other error as it is.
 * @param place named where the error itself names no path
 */
export function explainError(error: unknown, place?: string): unknown {
  if (error instanceof PatchmlError || !isNativeError(error)) return error;
  const { code, path = place } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : FILE_SYSTEM_PROBLEMS[code];
  if (known === undefined || code === undefined) return error;
  return new OutputError(known[0], { code: code.toLowerCase(), path, fix: known[1], cause: error });
}

/** Scores, labels or options that do not fit together. Thrown before anything is computed. */
export class MetricsError extends PatchmlError {}

/** The error for a value that is not what it should be: what it is of, what was expected, what came. */
export function invalid(
  code: `metrics-${string}`,
  what: string,
  expected: string,
  got: unknown,
  fix?: string,
): MetricsError {
  return new MetricsError(`expected ${expected} for ${what}, got ${String(got)}`, { code, fix });
}

/** Throws unless `value` is a whole number from `low` to `high`. */
export function requireInteger(what: string, value: number, low: number, high = 2 ** 31 - 1): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw invalid('metrics-out-of-range', what, `a whole number from ${low} to ${high}`, value);
  }
}

/** Throws unless `got` images are as many as `expected`. */
export function requireSameImages(what: string, got: number, expected: number): void {
  if (got !== expected) {
    throw invalid('metrics-count-mismatch', what, `${expected} images`, got);
  }
}
