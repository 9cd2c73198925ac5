import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTree } from './unit-folder.js';

/** A release written by hand. */
export interface MadeRelease {
  folder: string;
  /** Its files by path, `SHA256SUMS` among them. */
  files: Record<string, string | Uint8Array>;
}

export interface ReleaseParts {
  name?: string;
  version?: string;
  files?: Record<string, string | Uint8Array>;
}

/** Some files of a dataset: text, bytes, a folder, nothing at all, a name with a space. */
export const SOME_FILES: Record<string, string | Uint8Array> = {
  'README.md': '# shapes\n',
  'data/image 1.png': bytesOf(1, 70_000),
  'data/image-2.png': bytesOf(2, 90_000),
  'data/metadata.jsonl': '{"id":1}\n{"id":2}\n',
  'exports/nothing.csv': '',
};

/** Writes a release folder: these files, `release.json` and `SHA256SUMS`. */
export function writeRelease(
  folder: string,
  { name = 'shapes', version = '1.1.0', files = SOME_FILES }: ReleaseParts = {},
): MadeRelease {
  const info = `${JSON.stringify({ format: 'patchml-release', name, version }, null, 2)}\n`;
  const all = { ...files, 'release.json': info };
  const sums = sumsOf(all);
  writeTree({ ...all, SHA256SUMS: sums }, folder);
  return { folder, files: { ...all, SHA256SUMS: sums } };
}

/** What `sha256sum` would print for these files. */
export function sumsOf(files: Record<string, string | Uint8Array>): string {
  const paths = Object.keys(files).sort();
  return paths.map((path) => `${sha256(files[path]!)}  ${path}\n`).join('');
}

/** Puts other bytes, as many, in a file's place. */
export function tamper({ folder, files }: MadeRelease, path: string): void {
  writeFileSync(join(folder, path), '#'.repeat(Buffer.byteLength(files[path]!)));
}

/** SHA-256 of each file of a release by path: what a copy of it must hold. */
export function digestsOf({ files }: MadeRelease): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, sha256(content)]),
  );
}

/** Bytes that no compression makes smaller, the same each time. */
export function bytesOf(seed: number, length: number): Uint8Array {
  const pieces: Buffer[] = [];
  for (let made = 0; made < length; made += 32) {
    pieces.push(createHash('sha256').update(`${seed}/${made}`).digest());
  }
  return Buffer.concat(pieces).subarray(0, length);
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
