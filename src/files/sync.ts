import fs, { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { walk } from './listing.js';

/** Files synced at once: one after the other, 8,000 took ten times as long. */
const AT_ONCE = 16;

/**
 * Puts everything in a folder on the disk, and the names of it: after that, and a rename, a power
 * cut leaves all of it. Links are not followed.
 * @param isOnDisk which files are there already, by their paths from the folder. Default: none
 */
export async function syncTree(
  folder: string,
  isOnDisk: (path: string) => boolean = () => false,
): Promise<void> {
  const folders = [folder];
  for await (const entries of walk(folder)) {
    const files = entries.filter(({ path, entry }) => entry.isFile() && !isOnDisk(path)).values();
    const syncNext = async (): Promise<void> => {
      for (const { path } of files) await syncFile(join(folder, path));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, syncNext)); // each takes what none has taken
    for (const { path, isFolder } of entries) if (isFolder) folders.push(join(folder, path));
  }
  for (const below of folders.reverse()) await syncFolder(below);
}

/** Looks `fsync` up at each call, so that tests can record it. */
const sync = promisify((file: number, done: (error: Error | null) => void) => {
  fs.fsync(file, done);
});

/**
 * Puts a file on the disk. Opening and closing are synchronous: of thousands of files, a `FileHandle`
 * for each takes longer than the disk does.
 */
export async function syncFile(path: string): Promise<void> {
  const file = openSync(path, 'r');
  try {
    await sync(file);
  } finally {
    closeSync(file);
  }
}

/** The errors where folders cannot be opened or synced at all: then there is nothing to do. */
const NO_SYNC = ['EACCES', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM'];

/** Puts the names in a folder on the disk, so that a rename in it lasts. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await syncFile(path);
  } catch (error) {
    if (!NO_SYNC.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
