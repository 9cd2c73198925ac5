import { AbortedError, explainError, PatchmlError } from '../errors.js';

/** Exit codes: 1 for what went wrong, 2 for a command that was not understood, 130 for Ctrl-C. */
const [FAILED, MISUSED, INTERRUPTED] = [1, 2, 130];

/** Prints one line on what went wrong, or with --verbose the stack, and sets the exit code. */
export function exitWithError(error: unknown): void {
  const problem = explainError(error);
  const isVerbose = process.argv.includes('--verbose');
  if (!(problem instanceof Error)) {
    console.error(`patchml: ${String(problem)}`);
    process.exitCode = FAILED;
  } else if (isMisuse(problem)) {
    console.error(`patchml: ${problem.message.replace(/\.?\s*\n\s*/g, ' ')}; see patchml --help`);
    process.exitCode = MISUSED;
  } else {
    const hint = problem instanceof PatchmlError ? '' : ' (unexpected: --verbose shows where)';
    console.error(`patchml: ${isVerbose ? problem.stack! : `${problem.message}${hint}`}`);
    process.exitCode = problem instanceof AbortedError ? INTERRUPTED : FAILED;
  }
}

function isMisuse(error: Error): boolean {
  return error instanceof UsageError;
}

/** A flag with a value it cannot have. */
export class UsageError extends Error {}
