import { UsageError } from './exit.js';

/** @throws UsageError unless a flag's value is a whole number from 1 to a highest one */
export function requireWhole(flag: string, value: number, most = Infinity): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  const end = most === Infinity ? '' : ` to ${most}`;
  throw new UsageError(`--${flag} takes a whole number from 1${end}`);
}

/** More threads than any machine has cores for would take its memory instead. */
const MAX_JOBS = 256;

/** @throws UsageError unless a number of worker threads is possible */
export function requireJobs(jobs: number): void {
  requireWhole('jobs', jobs, MAX_JOBS);
}

/** More change no digit that is printed, and would take days. */
const MAX_RESAMPLES = 100_000;

/** @throws UsageError unless a number of bootstrap resamples is sensible */
export function requireResamples(resamples: number): void {
  requireWhole('resamples', resamples, MAX_RESAMPLES);
}

/** @throws UsageError unless what a command works on was named */
export function requireGiven(name: string, value: string | undefined): void {
  if (value === undefined) throw new UsageError(`name the ${name}`);
}
