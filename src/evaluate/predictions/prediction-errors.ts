import { EvaluationError, explainError, PatchmlError } from '../../errors.js';

/** Says what is wrong with a file of predictions. */
export function problemIn(
  path: string,
  code: `predictions-${string}`,
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
  const said = error instanceof Error || hasMessage(error) ? error.message : String(error);
  return problemIn(path, 'predictions-unreadable', `${what}: ${said}`, {
    fix: 'write it again',
    cause: error,
  });
}

function hasMessage(error: unknown): error is { message: string } {
  return typeof (error as { message?: unknown } | null)?.message === 'string';
}
