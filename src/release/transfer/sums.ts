import { TransferError } from '../../errors.js';
import { parseChecksums } from '../checksums.js';

/**
 * Reads `SHA256SUMS` as a store gave it: the digest of each file, by its path.
 * @param place named in errors
 * @throws TransferError `bad-sums` for a line that is none, or a path that leads out of the release
 */
export function parseSums(text: string, place: string): Map<string, string> {
  const { digests, findings } = parseChecksums(text);
  const [first] = findings;
  if (first === undefined) return digests;
  throw new TransferError(first.detail ?? first.problem, {
    code: 'bad-sums',
    path: place,
    fix: 'do not use this release',
  });
}
