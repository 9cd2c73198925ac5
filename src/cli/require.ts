import { UsageError } from './exit.js';

/** @throws UsageError unless a flag's value is a whole number from 1 */
export function requireWhole(flag: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new UsageError(`--${flag} takes a whole number from 1`);
}

/** More threads than any machine has cores for would take its memory instead. */
const MAX_JOBS = 256;

/** @throws UsageError unless a number of worker threads is possible */
export function requireJobs(jobs: number): void {
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= MAX_JOBS) return;
  throw new UsageError(`--jobs takes a whole number from 1 to ${MAX_JOBS}`);
}

/** @throws UsageError unless what a command works on was named */
export function requireGiven(name: string, value: string | undefined): void {
  if (value === undefined) throw new UsageError(`name the ${name}`);
}
