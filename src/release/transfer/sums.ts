import { TransferError } from '../../errors.js';

/** The file that lists a release's other files with their SHA-256. */
export const SUMS_FILE = 'SHA256SUMS';

/**
 * Reads the lines of `sha256sum`: the digest of each file, by its path.
 * @param place named in errors
 * @throws TransferError `bad-sums`, or `unsafe-path` for a path that leads out of the release
 */
export function parseSums(text: string, place: string): Map<string, string> {
  const sums = new Map<string, string>();
  const lines = text.split('\n');
  if (lines.pop() !== '') throw badSums(place, lines.length + 1, 'the file is cut off');
  for (const [index, line] of lines.entries()) {
    const [, sha256, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sha256 === undefined || path === undefined) {
      throw badSums(place, index + 1, 'expected 64 hex digits, two spaces and a path');
    }
    requireSafePath(path, place);
    if (sums.has(path)) throw badSums(place, index + 1, `${path} is listed twice`);
    sums.set(path, sha256);
  }
  return sums;
}

/**
 * Refuses a path that, on any system, might lead out of the folder it is joined to.
 * @throws TransferError `unsafe-path`
 */
function requireSafePath(path: string, place: string): void {
  const isSafe =
    path !== SUMS_FILE &&
    path.length <= 1024 &&
    // eslint-disable-next-line no-control-regex -- those are what is refused
    !/[\u0000-\u001f\u007f\\]/.test(path) &&
    path.split('/').every((part) => !['', '.', '..'].includes(part) && !/^[a-z]:/i.test(part));
  if (isSafe) return;
  throw new TransferError(`${JSON.stringify(path.slice(0, 200))} is no path of a release`, {
    code: 'unsafe-path',
    path: place,
    fix: 'do not use this release',
  });
}

function badSums(path: string, line: number, problem: string): TransferError {
  return new TransferError(problem, {
    code: 'bad-sums',
    path,
    place: `line ${line}`,
    fix: 'make the release again',
  });
}
