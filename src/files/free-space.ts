import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OutputError } from '../errors.js';

/** Bytes that may still be written at a path, or at its nearest parent that exists. */
export async function freeSpace(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    return freeSpace(parent);
  }
}

/**
 * Checks that an output of about this many bytes fits, before the work starts.
 * @throws OutputError `not-enough-space`
 */
export async function requireSpace(path: string, bytes: number, what: string): Promise<void> {
  const free = await freeSpace(path);
  if (bytes <= free) return;
  throw new OutputError(`${what} needs about ${gigabytes(bytes)}, ${gigabytes(free)} are free`, {
    code: 'not-enough-space',
    path,
    fix: 'free some space or write to another disk (--work, --out, --to)',
  });
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
