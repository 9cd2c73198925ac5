import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The folder a stage writes into until its output is whole: beside its place, so that the last
 * step is one rename and a reader sees all of it or nothing.
 */
export function partialFolder(place: string): string {
  return `${place}.partial`;
}

/** Makes the partial folder of a place (and its parents) unless it is there. */
export async function openPartialFolder(place: string): Promise<string> {
  const partial = partialFolder(place);
  await mkdir(dirname(place), { recursive: true });
  await mkdir(partial, { recursive: true });
  return partial;
}

/** Puts a finished partial folder in its place; what was there is removed after the swap. */
export async function publishFolder(place: string): Promise<void> {
  const old = `${place}.replaced`;
  await rm(old, { recursive: true, force: true });
  if (await exists(place)) await rename(place, old);
  await rename(partialFolder(place), place);
  await rm(old, { recursive: true, force: true });
}

/** Writes a file beside its place, then renames it there. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}

/** Whether something is at this path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Whether this folder is absent or holds nothing. */
export async function isEmptyPlace(path: string): Promise<boolean> {
  return !(await exists(path)) || (await readdir(path)).length === 0;
}

/** JSON as this project writes it: two spaces, a newline at the end. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
