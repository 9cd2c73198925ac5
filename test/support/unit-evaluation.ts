import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, writeTree } from './unit-folder.js';

/** Writes files with these names below a folder; opening a set reads no image. @returns the folder */
export function writeImages(files: readonly string[], folder = temporaryFolder()): string {
  return writeTree(Object.fromEntries(files.map((file) => [file, 'x'])), folder);
}

/** Writes a file of labels. @returns the file */
export function writeLabels(content: unknown, name = 'labels.json'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** Writes labels in ReaL's form: these of the first images, and none of the others. */
export function writeRealLabels(first: readonly (readonly number[])[]): string {
  const rest = Array.from({ length: 50_000 - first.length }, () => []);
  return writeLabels([...first, ...rest], 'real.json');
}

/** Writes labels in the form of Shankar et al.: classes by wnid. */
export function writeMultiLabels(
  annotations: Record<string, { correct?: string[]; wrong?: string[]; unclear?: string[] }>,
  problematic: readonly string[] = [],
): string {
  const images = Object.fromEntries(problematic.map((image) => [image, {}]));
  return writeLabels({ initial_annots: annotations, problematic_images: images });
}

/** Writes original labels in Kaggle's form. @param wnids of the first validation images */
export function writeOriginals(wnids: readonly string[]): string {
  const rows = wnids.map((wnid, index) => `${valName(index + 1)},${wnid} 1 2 30 40 \n`);
  return writeLabels(`ImageId,PredictionString\n${rows.join('')}`, 'LOC_val_solution.csv');
}

/** The id of a validation image. @param number from 1 */
export function valName(number: number): string {
  return `ILSVRC2012_val_${String(number).padStart(8, '0')}`;
}
