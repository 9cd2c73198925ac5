import { S3Client, type S3ClientConfig, type S3ServiceException } from '@aws-sdk/client-s3';
import { PatchmlError, TransferError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { type Again, explainConnection, explainStatus, isPassing, retryPolicy } from './retry.js';
import type { StoreOptions } from './store.js';

/** What to do where S3 refuses. */
export const S3_CREDENTIALS =
  'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE, and what they may do there';

/** Opens a client with the SDK's chain of credentials, and this project's policy of retries. */
export async function openS3Client(place: string, options: StoreOptions): Promise<S3Client> {
  const { endpoint, signal } = options;
  // the SDK would warn of this Node's age among the lines of the command
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const config: S3ClientConfig = {
    retryStrategy: retryStrategy(retryPolicy(options, signal)),
    // other makers' stores know the checksums that are asked for, not those added unasked
    ...(endpoint !== undefined && {
      endpoint,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    }),
  };
  const client = new S3Client(config);
  try {
    await client.config.region();
    return client;
  } catch {
    client.destroy();
    if (endpoint !== undefined) return new S3Client({ ...config, region: 'us-east-1' });
    throw new TransferError('the region of the bucket is not known', {
      code: 'no-region',
      path: place,
      fix: 'set AWS_REGION',
    });
  }
}

type Strategy = Extract<
  NonNullable<S3ClientConfig['retryStrategy']>,
  { acquireInitialRetryToken: unknown }
>;
type Token = Awaited<ReturnType<Strategy['acquireInitialRetryToken']>>;

/** The policy in the shape that the SDK takes; the SDK's own cannot be waited for by a test. */
function retryStrategy(tryAgain: Again): Strategy {
  const tokenOf = (failed: number): Token => ({
    getRetryCount: () => failed,
    getRetryDelay: () => 0, // the waiting is done by then
  });
  return {
    acquireInitialRetryToken: () => Promise.resolve(tokenOf(0)),
    async refreshRetryTokenForRetry(token, { error }) {
      const failed = token.getRetryCount() + 1;
      const retryAfter = error?.$response?.headers['retry-after'];
      if (isWorthRetrying(error) && (await tryAgain(failed, retryAfter))) return tokenOf(failed);
      throw new Error('not again'); // the SDK throws the request's own error then
    },
    recordSuccess: () => undefined,
  };
}

function isWorthRetrying(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined ? explainS3(error, '').code === 'connection-cut' : isPassing(status);
}

/** The error for what the SDK threw; nothing of the request, which is signed, is kept. */
export function explainS3(error: unknown, place: string): PatchmlError {
  const known = explainError(error);
  if (known instanceof PatchmlError) return known;
  const store = { place, credentials: S3_CREDENTIALS };
  const name = (error as Partial<Error> | undefined)?.name ?? '';
  if (/Credentials|TokenProvider/.test(name)) {
    return new TransferError('no credentials were found', {
      code: 'no-access',
      path: place,
      fix: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
    });
  }
  const status = statusOf(error);
  if (status === undefined || status < 300) return explainConnection(store, error);
  // a token that ran out is a 400, another region a 301
  return explainStatus(store, name === 'ExpiredToken' ? 401 : status, name);
}

/** The status of the answer that the SDK threw; undefined where there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException> | undefined)?.$metadata?.httpStatusCode;
}
