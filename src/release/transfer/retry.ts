import { setTimeout } from 'node:timers/promises';

/** How often a store is asked again that is busy, or was cut off. */
export interface RetryOptions {
  /** Times in all, 1 or more. Default: 5. */
  attempts?: number | undefined;
  /** Waits; a test need not. */
  sleep?: ((milliseconds: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

/** The first wait; each further one is twice as long. ms. */
const FIRST_WAIT = 500;
/** A store that asks for more is not waited for, ms. */
const LONGEST_WAIT = 60_000;

/** Waits before another attempt. @returns false where there is to be none */
export type Again = (failed: number, retryAfter?: string | null) => Promise<boolean>;

/**
 * The one policy of retries: waits of 0.5, 1, 2, 4 ... seconds, or as long as the store asks for,
 * up to a minute.
 */
export function retryPolicy(
  { attempts = 5, sleep = pause }: RetryOptions,
  signal: AbortSignal | undefined,
): Again {
  return async (failed, retryAfter) => {
    if (failed >= attempts || signal?.aborted) return false;
    const wait = Math.max(FIRST_WAIT * 2 ** (failed - 1), secondsIn(retryAfter) * 1000);
    if (wait > LONGEST_WAIT) return false;
    await sleep(wait, signal);
    return !signal?.aborted;
  };
}

/** Whether a store that answers with this status may answer otherwise soon. */
export function isPassing(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status);
}

/** A date instead of seconds is not read: it would need a clock that agrees with the store's. */
function secondsIn(retryAfter: string | null | undefined): number {
  return retryAfter && /^\d+(\.\d+)?$/.test(retryAfter) ? Number(retryAfter) : 0;
}

async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, signal ? { signal } : {}).catch(() => undefined);
}
