import { setMaxListeners } from 'node:events';
import { addAbortSignal, type Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadBucketCommand,
  type HeadObjectCommandOutput,
  HeadObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { TransferError } from '../../errors.js';
import { atOnce } from './at-once.js';
import { explainStatus } from './explain-store.js';
import type { StoreOptions } from './store-options.js';
import type { LocalFile, Remote, RemoteFile, SendOptions } from './remote.js';
import { explainS3, openS3Client, S3_CREDENTIALS } from './s3-client.js';
import { digestsIn } from './s3-digests.js';
import { uploadFile } from './s3-upload.js';
import { SUMS_FILE } from '../release-files.js';

const OBJECTS_AT_ONCE = 4;
const HEADS_AT_ONCE = 16;

/** A version as the objects of S3 under a prefix; `SHA256SUMS`, sent last, makes it whole. */
export async function openS3Remote(
  { bucket, prefix }: { bucket: string; prefix: string },
  options: StoreOptions,
): Promise<Remote> {
  const place = `s3://${bucket}/${prefix}`;
  const { signal } = options;
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

  const head = async (path: string): Promise<HeadObjectCommandOutput | undefined> => {
    const command = new HeadObjectCommand({ ...keyOf(path), ChecksumMode: 'ENABLED' });
    try {
      return await call((stop) => client.send(command, stop));
    } catch (error) {
      if (error instanceof TransferError && error.code === 'not-found') return undefined;
      throw error;
    }
  };

  const list = async (digests: boolean): Promise<Map<string, RemoteFile>> => {
    const files = new Map<string, RemoteFile>();
    await call(async (stop) => {
      const input = { Bucket: bucket, Prefix: `${prefix}/` };
      for await (const page of paginateListObjectsV2({ client }, input, stop)) {
        for (const { Key = '', Size = -1 } of page.Contents ?? []) {
          files.set(Key.slice(prefix.length + 1), { size: Size, digests: [] });
        }
      }
    });
    if (!digests) return files;
    await atOnce([...files], HEADS_AT_ONCE, async ([path, file]) => {
      const object = await head(path);
      const size = object?.ContentLength ?? file.size;
      if (object === undefined)
        files.delete(path); // removed since
      else files.set(path, { size, digests: digestsIn(object) });
    });
    return files;
  };

  const send = (file: LocalFile): Promise<void> =>
    call(() => uploadFile(client, keyOf(file.path), file, signal));

  return {
    place,
    sumsAreTheMark: true,
    ownFiles: [],
    isWhole: async () => (await head(SUMS_FILE)) !== undefined,
    prepare: async () => {
      await call((stop) => client.send(new HeadBucketCommand({ Bucket: bucket }), stop));
    },
    list,
    isRemovable: () => false,
    async put(files, _strays, { onBytes }: SendOptions) {
      await atOnce(files, OBJECTS_AT_ONCE, async (file) => {
        await send(file);
        onBytes(file.size);
      });
    },
    async mark(sums) {
      await send(sums);
      return true;
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
