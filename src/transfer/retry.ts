import { setTimeout } from 'node:timers/promises';
import { type ErrorCode, TransferError } from '../errors.js';

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

/** What a store's errors say of it. */
export interface StoreName {
  /** Its address, without credentials. */
  place: string;
  /** What gives access to it, and what to do when it does not. */
  credentials: string;
}

/** Codes of errors after which the store may be asked again. */
const PASSING = ['connection-cut', 'store-busy'];

/** Whether asking again may help. */
export function isPassingError(error: unknown): error is TransferError {
  return error instanceof TransferError && PASSING.includes(error.code);
}

/**
 * The error for an answer of a store that is not a success. What the store wrote is not repeated:
 * it may hold what it was sent.
 * @param name the store's own name of the problem, such as `NoSuchBucket`
 */
export function explainStatus(
  { place, credentials }: StoreName,
  status: number,
  name?: string,
): TransferError {
  const said = name && /^\w{1,60}$/.test(name) ? `${status} ${name}` : String(status);
  const [code, problem, fix] = explain(status, credentials);
  return new TransferError(`${problem} (${said})`, { code, path: place, fix });
}

function explain(
  status: number,
  credentials: string,
): [code: ErrorCode, problem: string, fix: string] {
  if (status === 401 || status === 403) {
    return ['no-access', 'the store refuses these credentials', credentials];
  }
  if (status === 404) {
    return ['not-found', 'there is no such place', `check its name; ${credentials}`];
  }
  if (status === 412) {
    return ['changed-meanwhile', 'the store was changed by another run', AGAIN];
  }
  if (status === 429) {
    return ['store-busy', 'the store takes no more requests for now', AGAIN];
  }
  if (status >= 500) return ['store-busy', 'the store failed', AGAIN];
  return ['refused', 'the store refuses this request', 'check the address and --endpoint'];
}

const AGAIN = 'run the same command again later to go on';

/** The error for a connection that was not made, or did not last. */
export function explainConnection({ place }: StoreName, error: unknown): TransferError {
  const code = connectionCode(error);
  if (['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH'].includes(code)) {
    return new TransferError(`the store cannot be reached (${code})`, {
      code: 'no-network',
      path: place,
      fix: 'check the network and --endpoint, then run the same command again',
    });
  }
  if (/CERT|SIGNATURE|ISSUER/.test(code)) {
    return new TransferError(`the store's certificate is not trusted (${code})`, {
      code: 'bad-certificate',
      path: place,
      fix: 'name its authority in NODE_EXTRA_CA_CERTS',
    });
  }
  return new TransferError(`the connection was cut${code && ` (${code})`}`, {
    code: 'connection-cut',
    path: place,
    fix: 'run the same command again to go on',
  });
}

/** The error for a file of which fewer bytes came than it has. */
export function cutShort(path: string, place?: string): TransferError {
  return new TransferError('the store sent less than the file', {
    code: 'connection-cut',
    path,
    place,
    fix: 'run the same command again to go on',
  });
}

/** The system's code of an error, or of what caused it. */
function connectionCode(error: unknown): string {
  for (let cause = error, depth = 0; depth < 5; depth += 1) {
    if (typeof cause !== 'object' || cause === null) break;
    if ('code' in cause && typeof cause.code === 'string') {
      return /^[A-Z][A-Z0-9_]{1,60}$/.test(cause.code) ? cause.code : '';
    }
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  return '';
}
