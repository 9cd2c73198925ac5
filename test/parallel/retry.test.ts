import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { retry, retryClock, type RetryRule } from '../../src/parallel/retry.js';

const realSleep = retryClock.sleep;
let waits: number[] = [];

beforeEach(() => {
  waits = [];
  retryClock.sleep = (wait) => {
    waits.push(wait);
    return Promise.resolve();
  };
});

afterEach(() => {
  retryClock.sleep = realSleep;
});

const always: RetryRule = { isPassing: () => true, signal: undefined };

/** Work that fails a number of times. */
function failing(times: number): { work: () => Promise<number>; calls: () => number } {
  let calls = 0;
  const work = (): Promise<number> => {
    calls += 1;
    return calls <= times ? Promise.reject(new Error(`failure ${calls}`)) : Promise.resolve(calls);
  };
  return { work, calls: () => calls };
}

describe('retry', () => {
  it('does what succeeds once', async () => {
    const { work, calls } = failing(0);
    expect(await retry(work, always)).toBe(1);
    expect(calls()).toBe(1);
    expect(waits).toEqual([]);
  });

  it('waits twice as long before each further attempt', async () => {
    expect(await retry(failing(4).work, always)).toBe(5);
    expect(waits).toEqual([500, 1000, 2000, 4000]);
  });

  it('throws the last failure after five attempts', async () => {
    const { work, calls } = failing(9);
    await expect(retry(work, always)).rejects.toThrow('failure 5');
    expect(calls()).toBe(5);
  });

  it('throws at once what will not pass', async () => {
    const { work, calls } = failing(9);
    const isPassing = (error: unknown): boolean => (error as Error).message !== 'failure 2';
    await expect(retry(work, { ...always, isPassing })).rejects.toThrow('failure 2');
    expect(calls()).toBe(2);
  });

  it.each([
    ['3', 3000],
    ['0.2', 500],
    ['60', 60_000],
    ['Fri, 27 Nov 2026 08:00:00 GMT', 500],
    ['', 500],
    [null, 500],
    [undefined, 500],
  ])('waits at least as long as the server asks for: %j', async (asked, wait) => {
    await retry(failing(1).work, { ...always, retryAfter: () => asked });
    expect(waits).toEqual([wait]);
  });

  it('does not wait for a server that asks for more than a minute', async () => {
    const retried = retry(failing(1).work, { ...always, retryAfter: () => '61' });
    await expect(retried).rejects.toThrow('failure 1');
    expect(waits).toEqual([]);
  });

  it('does nothing again once it is told to stop, and throws the failure', async () => {
    const { work, calls } = failing(9);
    const retried = retry(work, { ...always, signal: AbortSignal.abort() });
    await expect(retried).rejects.toThrow('failure 1');
    expect(calls()).toBe(1);
  });

  it('is woken from a wait by its signal', async () => {
    retryClock.sleep = realSleep;
    const { work, calls } = failing(9);
    const stop = new AbortController();
    const retried = retry(work, { ...always, signal: stop.signal, retryAfter: () => '50' });
    setImmediate(() => {
      stop.abort();
    });
    await expect(retried).rejects.toThrow('failure 1');
    expect(calls()).toBe(1);
  });
});
