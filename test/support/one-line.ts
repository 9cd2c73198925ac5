import { expect } from '@jest/globals';
import type { CliRun } from './run-cli.js';

/**
 * Expects that a run ended in one line on what went wrong, that nothing was printed as a result,
 * and that the line says all of these.
 */
export function expectOneLine(run: CliRun, code: number, ...says: (string | RegExp)[]): void {
  const lines = run.stderr.split('\n').filter((line) => line !== '');
  expect(lines).toEqual([expect.stringMatching(/^patchml: \S/)]);
  for (const part of says) {
    if (typeof part === 'string') expect(lines[0]).toContain(part);
    else expect(lines[0]).toMatch(part);
  }
  expect(lines[0]).not.toMatch(/\bat .*\.js:\d|\(unexpected:|: undefined\b|\[object|node:internal/);
  expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: '' });
}

/** What a run said on standard error beside the progress of stages that take long. */
export function saidBesideProgress({ stderr }: CliRun): string {
  return stderr
    .split('\n')
    .filter(
      (line) =>
        !/^(index|extract|plan|compose|verify|predict|score|compare): \d+\/(\d+|\?) \w+, \d+ /.test(
          line,
        ),
    )
    .join('\n');
}
