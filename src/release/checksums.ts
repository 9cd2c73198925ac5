import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileDigest } from '../dataset/image-order.js';
import { type Finding, FindingList } from '../dataset/verify.js';
import { TransferError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { byteOrder, listInOrder, pairInOrder } from '../files/listing.js';
import { UNFINISHED, writeLines } from '../files/output-file.js';
import { NOTE_FILE } from '../files/output-folder.js';
import { type ByteRange, readTextLines } from '../files/read-file.js';

/** The digests of every other file of a release, as `sha256sum -c` reads them. */
export const SUMS_FILE = 'SHA256SUMS';

/** Room for the lines of four million files, bytes: the longest text that JavaScript has. */
export const MAX_SUMS_BYTES = 2 ** 29 - 2 ** 16;

/**
 * Writes the digests of every file of a folder but its own, in byte order of their paths, as
 * `sha256sum -c` reads them. Memory does not grow with their number.
 * @param known digests of files that were checked already, in byte order of their paths
 */
export async function writeChecksums(
  folder: string,
  known: AsyncIterable<FileDigest>,
): Promise<void> {
  const lines = async function* (): AsyncGenerator<string> {
    for await (const [checked, found] of pairInOrder(known, listInOrder(folder))) {
      if (!found || NO_FILES.includes(found.path)) continue;
      yield `${checked?.sha256 ?? sha256File(join(folder, found.path))}  ${found.path}`;
    }
  };
  await writeLines(join(folder, SUMS_FILE), lines());
}

/** It is written while it lists the files. */
const NO_FILES: readonly string[] = [SUMS_FILE, `${SUMS_FILE}${UNFINISHED}`, NOTE_FILE];

/** What a `SHA256SUMS` says, without all of it in memory. */
export interface Checksums {
  /** Lines that can be trusted. */
  files: number;
  /** What is wrong with the others. */
  findings: Finding[];
  /** Reads the lines that can be trusted, in byte order of the paths. */
  read: () => AsyncIterable<FileDigest>;
  /** The digest that it gives a file. Memory holds the lines of the folders last asked for. */
  digestOf: (path: string) => string | undefined;
}

/**
 * Reads a folder's `SHA256SUMS`; see {@link parseChecksums}.
 * @throws OutputError where it cannot be read
 */
export async function openChecksums(folder: string): Promise<Checksums> {
  const path = join(folder, SUMS_FILE);
  const parser = openParser();
  const sections = openSections(path);
  let files = 0;
  for await (const line of readTextLines(path)) {
    const bytes = Buffer.byteLength(line);
    const file = parser.add(line);
    if (file) files += 1;
    sections.add(file?.path, bytes);
    if (parser.findings.isFull) break;
  }
  return {
    files,
    findings: parser.findings.found,
    async *read() {
      const again = openParser();
      for await (const line of readTextLines(path)) {
        const file = again.add(line);
        if (file) yield file;
        if (again.findings.isFull) return;
      }
    },
    digestOf: sections.digestOf,
  };
}

/**
 * Parses a `SHA256SUMS`. It may come from anyone: a path that leads out of the folder, or that is
 * there twice, is a finding and not in the digests.
 */
export function parseChecksums(text: string): {
  digests: Map<string, string>;
  findings: Finding[];
} {
  const digests = new Map<string, string>();
  const parser = openParser();
  for (let start = 0; start < text.length && !parser.findings.isFull;) {
    const end = text.indexOf('\n', start) + 1 || text.length;
    const file = parser.add(text.slice(start, end));
    if (file) digests.set(file.path, file.sha256);
    start = end;
  }
  return { digests, findings: parser.findings.found };
}

/**
 * Reads `SHA256SUMS` as a store gave it: the digest of each file, by its path.
 * @param place named in errors
 * @throws TransferError `bad-sums` for a line that is none, or a path that leads out of the release
 */
export function parseSums(text: string, place: string): Map<string, string> {
  const { digests, findings } = parseChecksums(text);
  requireTrusted(findings, place);
  return digests;
}

/** @throws TransferError `bad-sums` where a line of a `SHA256SUMS` cannot be trusted */
export function requireTrusted([first]: readonly Finding[], place: string): void {
  if (first === undefined) return;
  throw new TransferError(first.detail ?? first.problem, {
    code: 'bad-sums',
    path: place,
    fix: 'do not use this release',
  });
}

/** Takes the lines of a `SHA256SUMS`, each with its `\n`. */
function openParser(): {
  add: (line: string) => FileDigest | undefined;
  findings: FindingList;
} {
  const findings = new FindingList();
  let last = '';
  let number = 0;
  const find = (problem: string): void => {
    findings.add({ problem: 'invalid', file: SUMS_FILE, detail: `line ${number}: ${problem}` });
  };
  return {
    findings,
    add(line) {
      number += 1;
      const [, sha256, path] = LINE.exec(line) ?? [];
      const problem = line.endsWith('\n') ? problemOf(path, last) : 'the file is truncated';
      if (problem !== undefined || path === undefined || sha256 === undefined) {
        find(problem ?? 'cannot be parsed');
        return undefined;
      }
      last = path;
      return { path, sha256 };
    },
  };
}

const LINE = /^([0-9a-f]{64}) [ *](.+)\n$/;

/** Longer than any path of a release. */
const MAX_PATH = 1024;

function problemOf(path: string | undefined, last: string): string | undefined {
  if (path === undefined) return 'expected a SHA-256, two spaces and a path';
  if (path === SUMS_FILE) return 'it lists itself';
  if (path.length > MAX_PATH) return 'its path is too long';
  // A backslash parts paths on Windows, and begins sha256sum's escapes.
  if (/[\\\p{Cc}]/u.test(path)) return 'a path with a backslash or control character';
  const parts = path.split('/');
  const isInside = parts.every((part) => !['', '.', '..'].includes(part) && !/^[a-z]:/i.test(part));
  if (!isInside) return 'its path is outside the release';
  if (path === last) return `${path} is listed twice`;
  if (byteOrder(path, last) < 0) return `${path} is out of order`;
  return undefined;
}

/** As many folders' lines are kept: those of an image, of its copy in an export and of its labels. */
const KEPT_FOLDERS = 4;

/** Where in a `SHA256SUMS` the files of each folder are. */
function openSections(sums: string): {
  /** Takes the next line: its path, where it can be trusted, and its bytes. */
  add: (path: string | undefined, bytes: number) => void;
  digestOf: Checksums['digestOf'];
} {
  const sections = new Map<string, ByteRange[]>();
  const kept = new Map<string, ReadonlyMap<string, string>>();
  let last: string | undefined;
  let end = 0;
  return {
    add(path, bytes) {
      const folder = path === undefined ? undefined : dirname(path);
      const ranges = folder === undefined ? [] : (sections.get(folder) ?? []);
      if (folder === last && ranges.length > 0) ranges.at(-1)!.end += bytes;
      else ranges.push({ start: end, end: end + bytes });
      if (folder !== undefined) sections.set(folder, ranges);
      last = folder;
      end += bytes;
    },
    digestOf(path) {
      const folder = dirname(path);
      let digests = kept.get(folder);
      if (digests === undefined) {
        digests = readSections(sums, sections.get(folder) ?? []);
        if (kept.size === KEPT_FOLDERS) kept.delete(kept.keys().next().value!);
        kept.set(folder, digests);
      }
      return digests.get(path);
    },
  };
}

function readSections(path: string, ranges: readonly ByteRange[]): Map<string, string> {
  const digests = new Map<string, string>();
  const file = openSync(path, 'r');
  try {
    for (const { start, end } of ranges) {
      const bytes = Buffer.alloc(end - start);
      readSync(file, bytes, 0, bytes.length, start);
      for (const line of bytes.toString('utf8').split('\n')) {
        const [, sha256, name] = LINE.exec(`${line}\n`) ?? [];
        if (name !== undefined) digests.set(name, sha256!);
      }
    }
  } finally {
    closeSync(file);
  }
  return digests;
}
