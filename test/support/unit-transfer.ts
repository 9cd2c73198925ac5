import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { retryClock } from '../../src/parallel/retry.js';
import { pathsIn, sha256Of } from './workspace.js';

/** SHA-256 of each file below a folder, by path. */
export function filesIn(folder: string): Record<string, string> {
  const paths = pathsIn(folder).filter((path) => statSync(join(folder, path)).isFile());
  return Object.fromEntries(paths.map((path) => [path, sha256Of(join(folder, path))]));
}

/** Sets environment variables for the tests of a file; undefined takes one away. */
export function withEnvironment(variables: Record<string, string | undefined>): void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const set = (entries: Iterable<readonly [string, string | undefined]>): void => {
    for (const [name, value] of entries) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
  beforeAll(() => {
    set(Object.entries(variables));
  });
  afterAll(() => {
    set(before);
  });
}

/** Has the tests of a file wait for no retry. @returns the waits of the current test, ms */
export function useRetryWaits(): number[] {
  const waits: number[] = [];
  const { sleep } = retryClock;
  beforeEach(() => {
    waits.splice(0);
    retryClock.sleep = (wait) => {
      waits.push(wait);
      return Promise.resolve();
    };
  });
  afterEach(() => {
    retryClock.sleep = sleep;
  });
  return waits;
}
