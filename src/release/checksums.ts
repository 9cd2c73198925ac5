import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../dataset/verify-dataset.js';
import { byteOrder } from '../files/byte-order.js';
import { sha256File } from '../files/digest.js';
import { listFiles } from '../files/list-files.js';
import { writeWhole } from '../files/stage-folder.js';
import { SUMS_FILE } from './release-files.js';

/**
 * Writes the digests of every file of a folder but its own, in byte order of their paths, as
 * `sha256sum -c` reads them.
 * @param known digests of files that were checked already, by path
 */
export async function writeChecksums(
  folder: string,
  known: ReadonlyMap<string, string>,
): Promise<void> {
  const files = await listFiles(folder, () => true);
  const lines = files
    .filter(({ path }) => path !== SUMS_FILE)
    .map(({ path }) => `${known.get(path) ?? sha256File(join(folder, path))}  ${path}\n`);
  await writeWhole(join(folder, SUMS_FILE), lines.join(''));
}

/** Longer than any path of a release. */
const MAX_PATH = 1024;

/** What `SHA256SUMS` says: digests by path, and the lines that cannot be trusted. */
export interface Checksums {
  digests: Map<string, string>;
  findings: Finding[];
}

/** Reads a release's `SHA256SUMS`; see {@link parseChecksums}. */
export async function readChecksums(folder: string): Promise<Checksums> {
  return parseChecksums(await readFile(join(folder, SUMS_FILE), 'utf8'));
}

/**
 * Parses `SHA256SUMS`. It may come from anyone: a path that leads out of the folder, or that is
 * there twice, is a finding and not in the digests.
 */
export function parseChecksums(text: string): Checksums {
  const digests = new Map<string, string>();
  const findings: Finding[] = [];
  const lines = text.split('\n');
  const rest = lines.pop()!;
  let last = '';
  const find = (number: number, problem: string): void => {
    findings.push({ problem: 'invalid', file: SUMS_FILE, detail: `line ${number}: ${problem}` });
  };
  for (const [index, line] of lines.entries()) {
    const [, digest, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    const problem = problemOf(path, digests, last);
    if (problem !== undefined || digest === undefined || path === undefined) {
      find(index + 1, problem ?? 'not understood');
      continue;
    }
    digests.set(path, digest);
    last = path;
  }
  if (rest !== '') find(lines.length + 1, 'the file is cut off');
  return { digests, findings };
}

function problemOf(
  path: string | undefined,
  digests: ReadonlyMap<string, string>,
  last: string,
): string | undefined {
  if (path === undefined) return 'expected a SHA-256, two spaces and a path';
  if (path === SUMS_FILE) return 'it lists itself';
  if (path.length > MAX_PATH) return 'its path is too long';
  // A backslash parts paths on Windows, and begins sha256sum's escapes.
  if (/[\\\p{Cc}]/u.test(path)) return 'a path with a backslash or control character';
  const parts = path.split('/');
  const isInside = parts.every((part) => !['', '.', '..'].includes(part) && !/^[a-z]:/i.test(part));
  if (!isInside) return 'its path leads out of the release';
  if (digests.has(path)) return `${path} is listed twice`;
  if (byteOrder(path, last) < 0) return `${path} is out of order`;
  return undefined;
}
