import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { PatchmlError, TransferError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { retry, waitToRetry } from '../parallel/retry.js';
import type { Digest, LocalFile, Store, StoredFile, StoreOptions } from './store.js';
import { explainConnection, explainStatus, isPassingStatus } from './store-errors.js';
import { FailedRequest, partSizeOf, readResuming } from './stored-files.js';

/** An object as it is now. */
export interface StoredObject extends StoredFile {
  /** Changes with the content. */
  etag: string;
  /** When it was put, ms; whole seconds, as a HEAD has no more. */
  modified: number;
}

/** The objects under a prefix of a bucket, by their paths from it. */
export interface S3Objects extends Pick<Store, 'place' | 'close'> {
  requireBucket: () => Promise<void>;
  /**
   * Without digests.
   * @param below only those in a folder, with its path
   */
  list: (below?: string) => Promise<Map<string, StoredObject>>;
  /** An object with its digests; undefined where there is none. */
  look: (path: string) => Promise<StoredObject | undefined>;
  /**
   * As that of a store.
   * @param etag fails with `changed-by-another-run` where the object has another one
   */
  read: (path: string, start: number, etag?: string) => AsyncIterable<Uint8Array>;
  send: (file: LocalFile) => Promise<void>;
  /** @returns false where an object is there, which stays as it is */
  sendNew: (file: LocalFile) => Promise<boolean>;
  /** The same with a text. */
  putNew: (path: string, text: string) => Promise<boolean>;
  remove: (path: string) => Promise<void>;
}

export async function openS3Objects(
  { bucket, prefix }: { bucket: string; prefix: string },
  options: StoreOptions,
): Promise<S3Objects> {
  const place = `s3://${bucket}/${prefix}`;
  const { signal } = options;
  const client = await openS3Client(place, options);
  const keyOf = (path: string): { Bucket: string; Key: string } => ({
    Bucket: bucket,
    Key: `${prefix}/${path}`,
  });
  /** Every call stops with the signal, and every error becomes patchml's. */
  const call = async <T>(work: (stop: { abortSignal?: AbortSignal }) => Promise<T>): Promise<T> => {
    try {
      return await work(signal ? { abortSignal: signal } : {});
    } catch (error) {
      throw explainS3(error, place);
    }
  };
  const send = (file: LocalFile, condition: Condition = {}): Promise<void> =>
    uploadFile(client, { ...keyOf(file.path), ...condition }, file, signal);

  async function* open(path: string, start: number, etag?: string): AsyncGenerator<Uint8Array> {
    const range = start > 0 ? { Range: `bytes=${start}-` } : {};
    const condition = etag === undefined ? {} : { IfMatch: etag };
    const command = new GetObjectCommand({ ...keyOf(path), ...range, ...condition });
    const { Body } = await call((stop) => client.send(command, stop)).catch((error: unknown) => {
      throw new FailedRequest(error as PatchmlError);
    });
    if (!Body) throw explainStatus({ place, credentials: S3_CREDENTIALS }, 404);
    const body = Body as Readable;
    try {
      for await (const piece of signal ? addAbortSignal(signal, body) : body) {
        yield piece as Uint8Array;
      }
    } catch (error) {
      throw explainS3(error, place);
    } finally {
      body.destroy();
    }
  }

  return {
    place,
    async requireBucket() {
      await call((stop) => client.send(new HeadBucketCommand({ Bucket: bucket }), stop));
    },
    async list(below) {
      const files = new Map<string, StoredObject>();
      await call(async (stop) => {
        const from = below === undefined ? prefix : `${prefix}/${below}`;
        const input = { Bucket: bucket, Prefix: `${from}/` };
        for await (const page of paginateListObjectsV2({ client }, input, stop)) {
          for (const { Key = '', ...object } of page.Contents ?? []) {
            files.set(Key.slice(prefix.length + 1), toStored(object.Size, object, []));
          }
        }
      });
      return files;
    },
    async look(path) {
      const command = new HeadObjectCommand({ ...keyOf(path), ChecksumMode: 'ENABLED' });
      const object = await call((stop) => client.send(command, stop)).catch(undefinedIfNotFound);
      return object && toStored(object.ContentLength, object, digestsIn(object));
    },
    send: (file) => call(() => send(file)),
    sendNew: (file) => call(() => putNew((condition) => send(file, condition), signal)),
    putNew: (path, Body) =>
      call((stop) => {
        const put = (condition: Condition): Promise<unknown> =>
          client.send(new PutObjectCommand({ ...keyOf(path), Body, ...condition }), stop);
        return putNew(put, signal);
      }),
    async remove(path) {
      await call((stop) => client.send(new DeleteObjectCommand(keyOf(path)), stop));
    },
    read: (path, start, etag) => readResuming((at) => open(path, at, etag), start, signal),
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
}

function toStored(
  size: number | undefined,
  { ETag, LastModified }: Pick<HeadObjectCommandOutput, 'ETag' | 'LastModified'>,
  digests: Digest[],
): StoredObject {
  const modified = 1000 * Math.floor((LastModified?.getTime() ?? 0) / 1000);
  return { size: size ?? -1, etag: ETag ?? '', modified, digests };
}

/** For an object that may be absent. */
export function undefinedIfNotFound(error: unknown): undefined {
  if (error instanceof TransferError && error.code === 'not-found') return undefined;
  throw error;
}

/** The condition under which S3 puts an object: that none exists. */
export interface Condition {
  IfNoneMatch?: '*';
}

/**
 * Puts an object in S3 where there is none. A store that does not know the condition is asked
 * without it; one that ignores the condition replaces what is there.
 * @returns false where there is one
 */
async function putNew(
  put: (condition: Condition) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const isPassing = (error: unknown): boolean => statusOf(error) === 409; // another put is running
  try {
    await retry(() => put({ IfNoneMatch: '*' }), { isPassing, signal });
  } catch (error) {
    const status = statusOf(error);
    if (status === 412) return false;
    if (status !== 501) throw error;
    await put({});
  }
  return true;
}

/**
 * The digests that S3 itself computed of an object, the most reliable first. Metadata does not
 * count: whoever put the object wrote it.
 *
 * An ETag is an MD5, or one of the MD5s of the parts and their number; where the object is
 * encrypted it may be neither and look like one.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
function digestsIn({
  ChecksumSHA256 = '',
  ChecksumType,
  ETag = '',
}: Pick<HeadObjectCommandOutput, 'ChecksumSHA256' | 'ChecksumType' | 'ETag'>): Digest[] {
  const digests: Digest[] = [];
  const [, base64, sums] = /^([A-Za-z0-9+/]{43}=)(-\d+)?$/.exec(ChecksumSHA256) ?? [];
  if (base64 !== undefined) {
    const isOfParts = sums !== undefined || ChecksumType === 'COMPOSITE';
    const hex = Buffer.from(base64, 'base64').toString('hex');
    digests.push({ kind: isOfParts ? 'sha256-of-parts' : 'sha256', hex });
  }
  const [, hex, parts] = /^"?([0-9a-f]{32})(-\d+)?"?$/.exec(ETag) ?? [];
  if (hex !== undefined) digests.push({ kind: parts === undefined ? 'md5' : 'md5-of-parts', hex });
  return digests;
}

/**
 * Sends a file to S3, in parts where it is large; the store checks the SHA-256 of each. A condition
 * is checked when the object is created, after the last part.
 */
export async function uploadFile(
  client: S3Client,
  object: { Bucket: string; Key: string } & Condition,
  { file, size }: LocalFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const body = createReadStream(file);
  const running = new Upload({
    client,
    partSize: partSizeOf(size),
    leavePartsOnError: true, // removed below: a failure to remove them would hide the first
    params: { ...object, Body: body, ContentLength: size, ChecksumAlgorithm: 'SHA256' },
  });
  const abort = (): void => void running.abort();
  signal?.addEventListener('abort', abort);
  try {
    await running.done();
  } catch (error) {
    if (running.uploadId !== undefined) {
      const parts = new AbortMultipartUploadCommand({ ...object, UploadId: running.uploadId });
      await client.send(parts).catch(() => undefined);
    }
    throw error;
  } finally {
    body.destroy();
    signal?.removeEventListener('abort', abort);
  }
}

/** What to do where S3 refuses access. */
const S3_CREDENTIALS =
  'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE, and their rights there';

/** A store that is not reached, or says nothing, for so long is away, ms: the SDK would wait forever. */
const CONNECT_WITHIN = 10_000;
const SILENT_AT_MOST = 120_000;

/** Opens a client with the SDK's chain of credentials, and patchml's rule of retries. */
export async function openS3Client(place: string, options: StoreOptions): Promise<S3Client> {
  const { endpoint, signal } = options;
  const config: S3ClientConfig = {
    retryStrategy: retryStrategy(signal),
    requestHandler: { connectionTimeout: CONNECT_WITHIN, socketTimeout: SILENT_AT_MOST },
    // other stores know the checksums that are asked for, not those that the SDK adds
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
    throw new TransferError('the region of the bucket is unknown', {
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

/** The rule in the form that the SDK takes. */
function retryStrategy(signal: AbortSignal | undefined): Strategy {
  const tokenOf = (failed: number): Token => ({
    getRetryCount: () => failed,
    getRetryDelay: () => 0, // it has been waited already
  });
  return {
    acquireInitialRetryToken: () => Promise.resolve(tokenOf(0)),
    async refreshRetryTokenForRetry(token, { error }) {
      const failed = token.getRetryCount() + 1;
      const retryAfter = error?.$response?.headers['retry-after'];
      if (isWorthRetrying(error) && (await waitToRetry(failed, signal, retryAfter)))
        return tokenOf(failed);
      throw new Error('no retry left'); // the SDK then throws the request's own error
    },
    recordSuccess: () => undefined,
  };
}

function isWorthRetrying(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined
    ? explainS3(error, '').code === 'connection-cut'
    : isPassingStatus(status);
}

/** The error for what the SDK threw; nothing of the request, which is signed, is kept in it. */
function explainS3(error: unknown, place: string): PatchmlError {
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
  // an expired token is a 400, a bucket of another region a 301
  return explainStatus(store, name === 'ExpiredToken' ? 401 : status, name);
}

/** The status of the answer in what the SDK threw; undefined where there was no answer. */
function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException> | undefined)?.$metadata?.httpStatusCode;
}
