import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { partSizeOf } from './part-size.js';
import type { Digest, LocalFile, RemoteFile } from './remote.js';

/**
 * Whether a store has this file: by size, then by what the store says of the content, and where
 * that settles nothing, by the content itself.
 * @param readBack the SHA-256 of what the store has
 */
export async function isSameFile(
  file: LocalFile,
  there: RemoteFile | undefined,
  readBack: (file: LocalFile) => Promise<string>,
): Promise<boolean> {
  if (there?.size !== file.size) return false;
  for (const { kind, hex } of there.digests) {
    const isSame = hex === (await DIGESTS[kind](file));
    if (isSame || DECIDING.includes(kind)) return isSame;
  }
  return (await readBack(file)) === file.sha256;
}

/** The kinds that another digest of proves another content. */
const DECIDING: Digest['kind'][] = ['sha256', 'git-blob'];

const DIGESTS: Record<Digest['kind'], (file: LocalFile) => Promise<string> | string> = {
  sha256: ({ sha256 }) => sha256,
  'git-blob': gitBlobDigest,
  'sha256-of-parts': (file) => digestOfParts(file, 'sha256'),
  md5: async ({ file }) => (await digest(file, 'md5')).toString('hex'),
  'md5-of-parts': (file) => digestOfParts(file, 'md5'),
};

/** What git names a file's content: SHA-1 of `blob`, its size, a zero byte, and the bytes. */
async function gitBlobDigest({ file, size }: LocalFile): Promise<string> {
  const hash = createHash('sha1').update(`blob ${size}\0`);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** What S3 computes of a file that was sent in parts: the digest of their digests. */
async function digestOfParts({ file, size }: LocalFile, algorithm: string): Promise<string> {
  const partSize = partSizeOf(size);
  const hash = createHash(algorithm);
  for (let start = 0; start < size; start += partSize) {
    hash.update(await digest(file, algorithm, { start, end: start + partSize - 1 }));
  }
  return hash.digest('hex');
}

/** @param range of which bytes, the last one included; default: of all */
async function digest(
  file: string,
  algorithm: string,
  range: { start?: number; end?: number } = {},
): Promise<Buffer> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, range), hash);
  return hash.digest();
}
