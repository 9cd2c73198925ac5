import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/**
 * A temporary folder for the tests of one file; it is removed after the last of them.
 * @returns a function that makes a new, empty folder in it
 */
export function openWorkspace(): (name: string) => string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'patchml-e2e-')));
  let made = 0;
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });
  return (name) => {
    made += 1;
    const folder = join(root, `${made}-${name}`);
    mkdirSync(folder);
    return folder;
  };
}

/** Everything below a folder: SHA-256 of each file, `link` for a link, `folder` for a folder. */
export function contentsOf(folder: string): Record<string, string> {
  const contents: Record<string, string> = {};
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const full = join(folder, path);
    const info = lstatSync(full);
    if (info.isSymbolicLink()) contents[path] = 'link';
    else contents[path] = info.isDirectory() ? 'folder' : sha256Of(full);
  }
  return contents;
}

/** SHA-256 of a file, computed here and not by what is tested. */
export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Every path below a folder; no file is read. */
export function pathsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

/** The rows of a JSON Lines file. */
export function readRows<Row>(path: string): Row[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}

/** What a JSON file says, taken on trust to be of this type. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the one cast there is
export function readJson<Value>(path: string): Value {
  return JSON.parse(readFileSync(path, 'utf8')) as Value;
}
