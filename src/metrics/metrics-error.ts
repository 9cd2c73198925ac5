import { PatchmlError } from '../errors.js';

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
