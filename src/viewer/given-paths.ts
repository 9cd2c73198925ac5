import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SUMMARY_FILE } from '../dataset/dataset.js';
import { DatasetError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { isUnfinished, isWithin } from '../files/folders.js';
import { byteOrder, homesOf, isHidden } from '../files/listing.js';
import { POOL_FILE } from '../generate/pool.js';
import { RELEASE_FILE } from '../release/release-folder.js';
import { SCORECARD_FILE } from '../score/scores-folder.js';

/** The files by which a folder is known; a release holds a dataset, so it comes first. */
const KINDS = [
  [RELEASE_FILE, 'release'],
  [SUMMARY_FILE, 'dataset'],
  [POOL_FILE, 'pool'],
  [SCORECARD_FILE, 'scores'],
] as const;

/** A folder that can be viewed. */
export interface FoundFolder {
  kind: (typeof KINDS)[number][1];
  path: string;
  /** Whether it was named itself, not a folder above it. */
  isGiven: boolean;
  /** The file that a path names, if it lies below the given path. See {@link requireWithin}. */
  within: (path: string) => Promise<string>;
}

/** Deeper, or in more folders than this, nothing is looked for. */
const MAX_DEPTH = 12;
const MAX_FOLDERS = 20_000;

/**
 * Finds what can be viewed at and below a path, in byte order, each folder once. What is in a
 * dataset, release, pool or scores is not looked into; links are not followed.
 * @throws DatasetError `view-nothing` where there is nothing; OutputError where it cannot be read
 */
export async function findViewable(given: string): Promise<FoundFolder[]> {
  const top = await folderOf(given);
  const homes = homesOf(await realpath(top));
  const within = (path: string): Promise<string> => requireWithin(path, homes);
  const found: FoundFolder[] = [];
  const pending = [{ path: top, depth: 0 }];
  let seen = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, depth } = next;
    seen += 1;
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      throw explainError(error, path);
    });
    const names = new Set(entries.map(({ name }) => name));
    const [, kind] = KINDS.find(([file]) => names.has(file)) ?? [];
    if (kind !== undefined) {
      found.push({ kind, path, isGiven: depth === 0, within });
    } else if (depth < MAX_DEPTH && seen + pending.length < MAX_FOLDERS) {
      const folders = entries
        .filter(
          (entry) => entry.isDirectory() && !isUnfinished(entry.name) && !isHidden(entry.name),
        )
        .map(({ name }) => ({ path: join(path, name), depth: depth + 1 }));
      pending.push(...folders);
    }
  }
  if (found.length > 0) return found.sort((a, b) => byteOrder(a.path, b.path));
  throw new DatasetError(
    'there is no dataset, pool, scores, study or release in this folder or its subfolders',
    { code: 'view-nothing', path: given, fix: 'pass a folder that patchml has written' },
  );
}

/** The folder that a path names, or that the file of one that it names is in. */
async function folderOf(given: string): Promise<string> {
  try {
    const isFile = (await stat(given)).isFile();
    return isFile && basename(given).endsWith('.json') ? dirname(given) : given;
  } catch (error) {
    throw explainError(error, given);
  }
}

/**
 * The place of a file, which must lie in one of these folders: a link in a dataset may lead
 * anywhere, and what is outside of the given paths is not shown.
 * @throws DatasetError `view-outside`; OutputError where there is no such file
 */
export async function requireWithin(path: string, homes: readonly string[]): Promise<string> {
  const place = await realpath(path).catch((error: unknown) => {
    throw explainError(error, path);
  });
  if (homes.some((home) => isWithin(home, place))) return place;
  throw new DatasetError('this leads out of the folder that is viewed', {
    code: 'view-outside',
    path,
    fix: 'pass the folder that holds the file itself',
  });
}
