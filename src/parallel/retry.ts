import { setTimeout } from 'node:timers/promises';

/** When a failed piece of work is done again. */
export interface RetryRule {
  /** Whether another attempt may go better. */
  isPassing: (error: unknown) => boolean;
  /** What a server's `Retry-After` said, in seconds. */
  retryAfter?: (error: unknown) => string | null | undefined;
  signal: AbortSignal | undefined;
}

/**
 * Does a piece of work, and again where it failed with what may pass.
 *
 * There are 5 attempts at most, with waits of 0.5, 1, 2 and 4 seconds between them, or as long as
 * the server asks for. A server that asks for more than a minute is not waited for.
 * @throws the last failure; also when the signal ends the waiting
 */
export async function retry<T>(
  work: () => Promise<T>,
  { isPassing, retryAfter, signal }: RetryRule,
): Promise<T> {
  for (let failed = 1; ; failed += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (!(await waitToRetry(failed, signal, retryAfter?.(error)))) throw error;
    }
  }
}

/**
 * Waits before another attempt: what {@link retry} waits, for a client that repeats its requests
 * itself.
 * @param failed attempts so far, 1 or more
 * @param retryAfter what a server's `Retry-After` said. A date is taken for nothing: it would need
 * a clock that agrees with the server's
 * @returns false if there should be no further attempt
 */
export async function waitToRetry(
  failed: number,
  signal: AbortSignal | undefined,
  retryAfter?: string | null,
): Promise<boolean> {
  if (failed >= ATTEMPTS || signal?.aborted) return false;
  const asked = /^\d+(\.\d+)?$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : 0;
  const wait = Math.max(FIRST_WAIT * 2 ** (failed - 1), asked);
  if (wait > LONGEST_WAIT) return false;
  await retryClock.sleep(wait, signal);
  return !signal?.aborted;
}

const ATTEMPTS = 5;
const FIRST_WAIT = 500; // ms
const LONGEST_WAIT = 60_000; // ms

/** How the waits are waited; a test that need not wait puts its own here. */
export const retryClock: { sleep: Sleep } = { sleep: pause };

type Sleep = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(milliseconds, undefined, signal && { signal }).catch(() => undefined);
}
