import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { explainError } from './file-errors.js';
import { toJson } from './json.js';
import { UNFINISHED } from './output-file.js';
import { readRegularText } from './read-file.js';
import { syncFile } from './sync.js';

/** In an unfinished folder: how far its stage is. */
export const PROGRESS_FILE = 'progress.json';

/** How a stage's note of its progress is read. */
export interface Resumable<Progress> {
  schema: z.ZodType<Progress>;
  /** The files that grow with the work: their bytes when it was this far, by name. */
  lengths: (progress: Progress) => Readonly<Record<string, number>>;
  /** Whether what the files hold is right, once they are cut back. Default: it is. */
  isIntact?: () => Promise<boolean>;
}

/**
 * How far the run before came, with its files cut back to that point: what was written after its
 * last note is done again.
 * @returns undefined where nothing was noted, or any of it is missing or damaged; then the note is
 * removed, and the stage starts from nothing
 */
export async function takeUpProgress<Progress>(
  partial: string,
  { schema, lengths, isIntact }: Resumable<Progress>,
): Promise<Progress | undefined> {
  try {
    const text = await readRegularText(join(partial, PROGRESS_FILE));
    const progress = schema.parse(JSON.parse(text));
    for (const [name, length] of Object.entries(lengths(progress))) {
      const file = join(partial, name);
      if ((await stat(file)).size < length) throw new Error(`${name} is shorter than it was`);
      await truncate(file, length);
    }
    if ((await isIntact?.()) ?? true) return progress;
  } catch {
    // whatever it is, the work is done again
  }
  await forgetProgress(partial);
  return undefined;
}

/**
 * Notes how far the work in a folder is.
 * @param unchecked files that `isIntact` does not look through: they are put on the disk first, as a
 * power cut may leave zeros in them
 */
export async function noteProgress(
  partial: string,
  progress: object,
  unchecked: readonly string[] = [],
): Promise<void> {
  for (const name of unchecked) await syncFile(join(partial, name));
  const path = join(partial, PROGRESS_FILE);
  const temporary = `${path}${UNFINISHED}`;
  try {
    // Not synced: a note that a power cut takes costs time, and nothing else. Synchronous: there is
    // a note for every few images, and this takes a tenth of the time.
    rmSync(temporary, { force: true }); // it may be a link to another file
    writeFileSync(temporary, toJson(progress), { flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    throw explainError(error, path);
  }
}

/** Removes the note of a folder whose work is done. */
export async function forgetProgress(partial: string): Promise<void> {
  await rm(join(partial, PROGRESS_FILE), { force: true });
}
