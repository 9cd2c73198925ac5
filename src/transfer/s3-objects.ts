import { setMaxListeners } from 'node:events';
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
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { TransferError } from '../errors.js';
import { partSizeOf } from './read-back.js';
import { type Again, explainStatus, retryPolicy } from './retry.js';
import { explainS3, openS3Client, S3_CREDENTIALS, statusOf } from './s3-client.js';
import type { Digest, LocalFile, Remote, RemoteFile, StoreOptions } from './store.js';

/** The objects under a prefix of a bucket, by their paths from it. */
export interface S3Objects extends Pick<Remote, 'place' | 'read' | 'close'> {
  requireBucket: () => Promise<void>;
  /** Sizes alone. */
  list: () => Promise<Map<string, RemoteFile>>;
  /** An object with its digests; undefined where there is none. */
  look: (path: string) => Promise<RemoteFile | undefined>;
  send: (file: LocalFile) => Promise<void>;
  /** @returns false where an object is there, which stays as it is */
  sendNew: (file: LocalFile) => Promise<boolean>;
  /** The same for a text. */
  putNew: (path: string, text: string) => Promise<boolean>;
  remove: (path: string) => Promise<void>;
}

export async function openS3Objects(
  { bucket, prefix }: { bucket: string; prefix: string },
  options: StoreOptions,
): Promise<S3Objects> {
  const place = `s3://${bucket}/${prefix}`;
  const { signal } = options;
  const tryAgain = retryPolicy(options, signal);
  const client = await openS3Client(place, options);
  if (signal) setMaxListeners(0, signal); // each of many requests at once listens
  const keyOf = (path: string): { Bucket: string; Key: string } => ({
    Bucket: bucket,
    Key: `${prefix}/${path}`,
  });
  /** Every call stops with the signal, and every error is explained. */
  const call = async <T>(work: (stop: { abortSignal?: AbortSignal }) => Promise<T>): Promise<T> => {
    try {
      return await work(signal ? { abortSignal: signal } : {});
    } catch (error) {
      throw explainS3(error, place);
    }
  };
  const send = (file: LocalFile, condition: Condition = {}): Promise<void> =>
    uploadFile(client, { ...keyOf(file.path), ...condition }, file, signal);

  return {
    place,
    async requireBucket() {
      await call((stop) => client.send(new HeadBucketCommand({ Bucket: bucket }), stop));
    },
    async list() {
      const files = new Map<string, RemoteFile>();
      await call(async (stop) => {
        const input = { Bucket: bucket, Prefix: `${prefix}/` };
        for await (const page of paginateListObjectsV2({ client }, input, stop)) {
          for (const { Key = '', Size = -1 } of page.Contents ?? []) {
            files.set(Key.slice(prefix.length + 1), { size: Size, digests: [] });
          }
        }
      });
      return files;
    },
    async look(path) {
      const command = new HeadObjectCommand({ ...keyOf(path), ChecksumMode: 'ENABLED' });
      const object = await call((stop) => client.send(command, stop)).catch(undefinedIfNotFound);
      return object && { size: object.ContentLength ?? -1, digests: digestsIn(object) };
    },
    send: (file) => call(() => send(file)),
    sendNew: (file) => call(() => putNew((condition) => send(file, condition), tryAgain)),
    putNew: (path, Body) =>
      call((stop) => {
        const put = (condition: Condition): Promise<unknown> =>
          client.send(new PutObjectCommand({ ...keyOf(path), Body, ...condition }), stop);
        return putNew(put, tryAgain);
      }),
    async remove(path) {
      await call((stop) => client.send(new DeleteObjectCommand(keyOf(path)), stop));
    },
    async *read(path, start) {
      const command = new GetObjectCommand({
        ...keyOf(path),
        ...(start > 0 && { Range: `bytes=${start}-` }),
      });
      const { Body } = await call((stop) => client.send(command, stop));
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
    },
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
}

/** For what need not be there. */
export function undefinedIfNotFound(error: unknown): undefined {
  if (error instanceof TransferError && error.code === 'not-found') return undefined;
  throw error;
}

/** What S3 is asked to put an object under: that there is none. */
export interface Condition {
  IfNoneMatch?: '*';
}

/**
 * Puts an object in S3 where there is none. A store that does not know the condition is asked
 * without it; one that ignores it puts over what is there.
 * @returns false where there is one
 */
async function putNew(
  put: (condition: Condition) => Promise<unknown>,
  tryAgain: Again,
): Promise<boolean> {
  for (let failed = 1; ; failed += 1) {
    try {
      await put({ IfNoneMatch: '*' });
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status === 412) return false;
      if (status === 501) break;
      const isBusy = status === 409; // another put of it is under way
      if (!isBusy || !(await tryAgain(failed))) throw error;
    }
  }
  await put({});
  return true;
}

/**
 * What S3 computed itself of an object, the surest first. Metadata is not looked at: who put the
 * object wrote it.
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
 * is checked as the object comes to be, which is after the last part.
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
    leavePartsOnError: true, // removed below: a failure to do so would hide the first
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
