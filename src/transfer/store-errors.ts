import { type ErrorCode, TransferError } from '../errors.js';

/** What a store's errors say about it. */
export interface StoreName {
  /** Its address, without credentials. */
  place: string;
  /** What gives access to it, and what to do when it does not. */
  credentials: string;
}

/** Whether the same request may succeed soon: the connection was lost, or the store is busy. */
export function isPassingError(error: unknown): boolean {
  return error instanceof TransferError && PASSING.includes(error.code);
}

const PASSING: ErrorCode[] = ['connection-cut', 'store-busy'];

/** Whether it passes, or the network is away: a worker waits for that, a user's command does not. */
export function isOfNetwork(error: unknown): boolean {
  return isPassingError(error) || (error instanceof TransferError && error.code === 'no-network');
}

/** The same for the status of a response. */
export function isPassingStatus(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status);
}

/**
 * The error for a store's response that is not a success. The body is not repeated: it may contain
 * what was sent.
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
    return ['not-found', 'not found', `check its name; ${credentials}`];
  }
  if (status === 412) {
    return ['changed-by-another-run', 'another run changed the store during this one', AGAIN];
  }
  if (status === 429) {
    return ['store-busy', 'the store is limiting requests', AGAIN];
  }
  if (status >= 500 || isPassingStatus(status)) return ['store-busy', 'the store failed', AGAIN];
  return ['refused', 'the store refuses this request', 'check the address and --endpoint'];
}

const AGAIN = 'run the same command again later to resume';

/** The error for a connection that failed or was interrupted. */
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
      fix: 'set NODE_EXTRA_CA_CERTS to the file of its certificate authority',
    });
  }
  return new TransferError(`the connection was lost${code && ` (${code})`}`, {
    code: 'connection-cut',
    path: place,
    fix: 'run the same command again to resume',
  });
}

/** The error for a file that arrived incomplete. */
export function cutShort(path: string, place?: string): TransferError {
  return new TransferError('the store sent an incomplete file', {
    code: 'connection-cut',
    path,
    place,
    fix: 'run the same command again to resume',
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
