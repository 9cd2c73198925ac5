import { TransferError } from '../../errors.js';
import { isPassingError } from './explain-store.js';
import type { Remote } from './remote.js';
import type { Again } from './retry.js';

/** Room for the lines of half a million files, bytes. */
const MAX_BYTES = 1 << 26;

/**
 * Reads a small file of a store.
 * @throws TransferError `too-large`
 */
export async function readText(
  remote: Pick<Remote, 'place' | 'read'>,
  path: string,
  tryAgain: Again,
): Promise<string> {
  for (let failed = 1; ; failed += 1) {
    try {
      return await readOnce(remote, path);
    } catch (error) {
      if (!isPassingError(error) || !(await tryAgain(failed))) throw error;
    }
  }
}

async function readOnce(remote: Pick<Remote, 'place' | 'read'>, path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of remote.read(path, 0)) {
    bytes += piece.length;
    if (bytes > MAX_BYTES) {
      throw new TransferError('this is too large to be a file that describes a release', {
        code: 'too-large',
        path: remote.place,
        place: path,
        fix: 'do not use this release',
      });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
