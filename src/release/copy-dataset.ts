import { createHash } from 'node:crypto';
import { lstat, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LOCK_FILE } from '../dataset/dataset-files.js';
import type { Dataset } from '../dataset/read-dataset.js';
import { ReleaseError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { requireSpace } from '../files/free-space.js';
import { makeFolder } from '../files/stage-folder.js';
import { tryLink } from '../files/try-link.js';
import { type StageOptions, throwIfAborted } from '../progress.js';

const REPORT_EVERY = 50;

/** A dataset's files but its images. */
export const TEXT_FILES: readonly string[] = ['metadata.jsonl', 'dataset.json', LOCK_FILE];

/**
 * Puts a dataset's files, byte for byte, into another folder: images as hard links where the file
 * system can, all else as copies, which no edit of the dataset reaches. Each is checked against the
 * lock as it is put there.
 * @returns the digests of the files, by path
 * @throws ReleaseError where a file is no longer what the lock says
 */
export async function copyDataset(
  { folder, lock }: Dataset,
  to: string,
  { signal, onProgress }: StageOptions,
): Promise<Map<string, string>> {
  await makeFolder(to);
  const digests = new Map([...Object.entries(lock.files), [LOCK_FILE, undefined] as const]);
  if (!(await isOneDisk(folder, to))) {
    await requireSpace(to, await bytesOf(folder, [...digests.keys()]), 'the release');
  }
  let done = 0;
  const copied = new Map<string, string>();
  for (const [file, expected] of digests) {
    throwIfAborted(signal, 'release');
    await makeFolder(dirname(join(to, file)));
    const put = TEXT_FILES.includes(file) ? copy : linkOrCopy;
    const digest = await put(join(folder, file), join(to, file));
    if (expected !== undefined && digest !== expected) throw changed(folder, file);
    copied.set(file, digest);
    done += 1;
    if (done % REPORT_EVERY === 0 || done === digests.size) {
      onProgress?.({ stage: 'release', done, total: digests.size, unit: 'files' });
      await new Promise(setImmediate); // lets a signal in
    }
  }
  return copied;
}

/**
 * Copies one of a dataset's files, checked against the lock.
 * @throws ReleaseError where it is no longer what the lock says
 */
export async function copyChecked(
  { folder, lock }: Dataset,
  file: string,
  to: string,
): Promise<void> {
  const digest = await copy(join(folder, file), join(to, file));
  if (file !== LOCK_FILE && digest !== lock.files[file]) throw changed(folder, file);
}

/** Links a file, or copies it where that cannot be. @returns the digest of what is there now */
async function linkOrCopy(from: string, to: string): Promise<string> {
  // A link to a link would be a link again.
  if ((await lstat(from)).isSymbolicLink() || !tryLink(from, to)) return copy(from, to);
  return sha256File(to);
}

async function copy(from: string, to: string): Promise<string> {
  const hash = createHash('sha256');
  const [source, target] = [await open(from, 'r'), await open(to, 'w')];
  try {
    for await (const chunk of source.createReadStream({ autoClose: false })) {
      hash.update(chunk as Buffer);
      await target.writeFile(chunk as Buffer);
    }
  } finally {
    await source.close();
    await target.close();
  }
  return hash.digest('hex');
}

async function isOneDisk(a: string, b: string): Promise<boolean> {
  return (await stat(a)).dev === (await stat(b)).dev;
}

async function bytesOf(folder: string, files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) bytes += (await stat(join(folder, file))).size;
  return bytes;
}

function changed(folder: string, file: string): ReleaseError {
  return new ReleaseError('this file changed while the release was made', {
    code: 'dataset-changed',
    path: join(folder, file),
    fix: 'check the dataset with "patchml verify" and run the same command again',
  });
}
