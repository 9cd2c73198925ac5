import { copyFile, link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildIndex,
  extractPool,
  makePlan,
  parseRecipe,
  type RecipeInput,
} from '../../src/index.js';

/** A folder of XML and a flat folder of its images. */
export interface Source {
  annotations: string;
  images: string;
}

/** What the stages work on, made once and not measured. */
export interface BenchInput extends Source {
  recipe: RecipeInput;
  index: string;
  pool: string;
  plan: string;
}

/** 224 x 224, four patches an image. */
export function recipeOf(images: number, format: 'png' | 'jpeg' = 'png'): RecipeInput {
  return { name: 'bench', sampling: { counts: { 4: images } }, encode: { format } };
}

/**
 * Repeats images and their XML under other ids until there are `count` of them: hard links where
 * the file system can, else copies. An image without XML is left out.
 */
export async function repeatInput(source: Source, folder: string, count: number): Promise<Source> {
  const annotations = join(folder, 'annotations');
  const images = join(folder, 'images');
  await mkdir(annotations, { recursive: true });
  await mkdir(images, { recursive: true });
  const originals = await readOriginals(source);
  for (let i = 0; i < count; i += 1) {
    const { id, file, xml } = originals[i % originals.length]!;
    const copy = `${id}_${Math.floor(i / originals.length)}`;
    const image = join(images, `${copy}.JPEG`);
    await link(file, image).catch(() => copyFile(file, image));
    await writeFile(join(annotations, `${copy}.xml`), xml);
  }
  return { annotations, images };
}

/** Runs the stages up to the plan, for jobs that start behind them. */
export async function prepareInput(
  source: Source,
  recipe: RecipeInput,
  work: string,
): Promise<BenchInput> {
  const parsed = parseRecipe(recipe);
  const { folder: index } = await buildIndex({ recipe: parsed, ...source, work });
  const { folder: pool } = await extractPool({ recipe: parsed, index, work });
  const { folder: plan } = await makePlan({ recipe: parsed, pool, work });
  return { recipe, ...source, index, pool, plan };
}

interface Original {
  id: string;
  file: string;
  xml: Buffer;
}

async function readOriginals({ annotations, images }: Source): Promise<Original[]> {
  const originals: Original[] = [];
  for (const name of (await readdir(images)).sort()) {
    const id = name.replace(/\.\w+$/, '');
    const xml = await readFile(join(annotations, `${id}.xml`)).catch(() => undefined);
    if (xml) originals.push({ id, file: join(images, name), xml });
  }
  if (originals.length > 0) return originals;
  throw new Error(`no image of ${images} has its XML in ${annotations}; both must be flat folders`);
}
