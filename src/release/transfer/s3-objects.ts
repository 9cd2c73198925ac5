import { setMaxListeners } from 'node:events';
import { addAbortSignal, type Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { TransferError } from '../../errors.js';
import { explainStatus } from './explain-store.js';
import { type Condition, putNew } from './put-new.js';
import type { LocalFile, Remote, RemoteFile } from './remote.js';
import { retryPolicy } from './retry.js';
import { explainS3, openS3Client, S3_CREDENTIALS } from './s3-client.js';
import { digestsIn } from './s3-digests.js';
import { uploadFile } from './s3-upload.js';
import type { StoreOptions } from './store-options.js';

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
