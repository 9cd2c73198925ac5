import { createHash } from 'node:crypto';
import { cutShort, isPassingError } from './explain-store.js';
import type { ReleaseFile, Remote } from './remote.js';
import type { Again } from './retry.js';

/**
 * SHA-256 of a file that a store has, by reading it: after a cut, on from there.
 * @param file its path, and the bytes that it is to have
 */
export async function readBack(
  remote: Pick<Remote, 'place' | 'read'>,
  { path, size }: Pick<ReleaseFile, 'path' | 'size'>,
  tryAgain: Again,
): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (let failed = 1; bytes < size; failed += 1) {
    try {
      for await (const piece of remote.read(path, bytes)) {
        hash.update(piece);
        bytes += piece.length;
        if (bytes > size) break; // another file, however long
      }
      if (bytes < size) throw cutShort(remote.place, path);
    } catch (error) {
      if (!isPassingError(error) || !(await tryAgain(failed))) throw error;
    }
  }
  return hash.digest('hex');
}
