import { createReadStream } from 'node:fs';
import { AbortMultipartUploadCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { partSizeOf } from './part-size.js';
import type { Condition } from './put-new.js';
import type { LocalFile } from './remote.js';

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
