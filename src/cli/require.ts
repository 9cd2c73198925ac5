import { UsageError } from './exit.js';

/** @throws UsageError unless a flag's value is a whole number from 1 */
export function requireWhole(flag: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new UsageError(`--${flag} takes a whole number from 1`);
}

/** @throws UsageError unless what a command works on was named */
export function requireGiven(name: string, value: string | undefined): void {
  if (value === undefined) throw new UsageError(`name the ${name}`);
}
