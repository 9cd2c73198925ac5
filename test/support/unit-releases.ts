import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../../src/generate/generate.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import { type InputFolders, makeImages, writeFolders } from './input.js';
import { madeRecipe } from './made-recipe.js';
import { sha256Of } from './workspace.js';

/** Sixteen made images with their XML. */
export async function smallInput(folder: string): Promise<InputFolders> {
  return writeFolders(folder, await makeImages({ images: 16 }));
}

/** Makes datasets of a few images from one input, whose patches are extracted once. */
export function openGenerator(
  input: InputFolders,
  newFolder: (name: string) => string,
): (fields?: RecipeOverrides) => Promise<string> {
  const work = newFolder('work');
  return async (fields = {}) => {
    const recipe = madeRecipe({ sampling: { counts: { 2: 4, 3: 4 } }, ...fields });
    const out = join(newFolder('dataset'), 'out');
    return (await generate({ recipe, ...input, out, work }, { jobs: 1 })).dataset; // starts sooner
  };
}

/** A copy of a folder, to damage. */
export function copyOf(folder: string, to: string): string {
  cpSync(folder, to, { recursive: true });
  return to;
}

/** Changes a file of a release and its line in `SHA256SUMS`: an insider's edit. */
export function editRelease(release: string, file: string, edit: (text: string) => string): void {
  const path = join(release, file);
  writeFileSync(path, edit(readFileSync(path, 'utf8')));
  const sums = join(release, 'SHA256SUMS');
  const line = `${sha256Of(path)}  ${file}`;
  const others = readFileSync(sums, 'utf8').split('\n');
  writeFileSync(sums, others.map((old) => (old.endsWith(`  ${file}`) ? line : old)).join('\n'));
}
