import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dataset, readDataset } from '../../src/dataset/dataset.js';
import type { Finding } from '../../src/dataset/verify.js';
import { type ExportName, verifyExport, writeExport } from '../../src/exports/exports.js';
import { generate } from '../../src/generate/generate.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import { makeImages, writeFolders } from './input.js';
import { madeRecipe } from './made-recipe.js';
import { collect } from './unit-errors.js';

/** A dataset of 24 images of two and three objects, made below this folder. */
export async function makeDataset(folder: string, fields: RecipeOverrides = {}): Promise<Dataset> {
  const input = writeFolders(join(folder, 'input'), await makeImages({ images: 16 }));
  const out = join(folder, 'dataset');
  const places = { ...input, out, work: join(folder, 'work') };
  await generate({ recipe: madeRecipe(fields), ...places }, { jobs: 1 }); // starts sooner
  return readDataset(out);
}

/** What is found in an export that was made, copied and then damaged. */
export async function findingsAfter(
  name: ExportName,
  dataset: Dataset,
  folder: string,
  damage: (copy: string) => unknown,
): Promise<Finding[]> {
  const made = join(folder, 'made');
  await writeExport(name, dataset, made, { shardSize: 10 });
  const copy = join(folder, 'copy');
  cpSync(made, copy, { recursive: true });
  await damage(copy);
  return collect(verifyExport(name, dataset, copy));
}

/** Replaces a text of a file by another. @throws Error where it is not in the file */
export function editFile(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(path, 'utf8');
  const edited = text.replace(from, to);
  if (edited === text) throw new Error(`${path} does not have ${String(from)}`);
  writeFileSync(path, edited);
}
