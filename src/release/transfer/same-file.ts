import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { LocalFile, RemoteFile } from './remote.js';

/** Whether a store has this file, by size and digest; one of unknown digest is another. */
export async function isSameFile(file: LocalFile, there: RemoteFile | undefined): Promise<boolean> {
  if (there?.size !== file.size || there.digest === undefined) return false;
  const { kind, hex } = there.digest;
  return hex === (kind === 'sha256' ? file.sha256 : await gitBlobDigest(file));
}

/** What git names a file's content: SHA-1 of `blob`, its size, a zero byte, and the bytes. */
async function gitBlobDigest({ file, size }: LocalFile): Promise<string> {
  const hash = createHash('sha1').update(`blob ${size}\0`);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
