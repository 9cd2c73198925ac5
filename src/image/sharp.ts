import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type Sharp from 'sharp';
import { explainError } from '../files/file-errors.js';

/**
 * Sharp, loaded at the first image: its libvips writes into the environment of the process when it
 * is loaded, and importing patchml changes nothing in its host. Sharp's settings hold for the whole
 * process, so they are left as they are; a second copy (`require`) would reset them.
 * @throws OutputError `emfile` where too many files are open for it
 */
export async function loadSharp(): Promise<typeof Sharp> {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    requireFreeFile();
    throw explainError(error);
  }
}

/** Where no file can be opened, Node and sharp say that sharp is not installed. */
function requireFreeFile(): void {
  const path = fileURLToPath(import.meta.url);
  try {
    closeSync(openSync(path, 'r'));
  } catch (error) {
    throw explainError(error, path);
  }
}
