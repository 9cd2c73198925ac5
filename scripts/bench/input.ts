import { copyFile, link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildIndex,
  extractPool,
  makePlan,
  parseRecipe,
  type RecipeInput,
} from '../../src/index.js';

/** What the benchmark works on, made once and not measured. */
export interface BenchInput {
  recipe: RecipeInput;
  annotations: string;
  images: string;
  index: string;
  pool: string;
  plan: string;
}

/** Repeats a folder of images and XML under other ids until there are `count` of them. */
export async function repeatInput(
  source: { annotations: string; images: string },
  folder: string,
  count: number,
): Promise<{ annotations: string; images: string }> {
  const annotations = join(folder, 'annotations');
  const images = join(folder, 'images');
  await mkdir(annotations, { recursive: true });
  await mkdir(images, { recursive: true });
  const files = (await readdir(source.images)).sort();
  for (let i = 0; i < count; i += 1) {
    const file = files[i % files.length]!;
    const id = file.replace(/\.\w+$/, '');
    const copy = `${id}_${Math.floor(i / files.length)}`;
    const image = join(images, `${copy}.JPEG`);
    await link(join(source.images, file), image).catch(() =>
      copyFile(join(source.images, file), image),
    );
    await writeFile(
      join(annotations, `${copy}.xml`),
      await readFile(join(source.annotations, `${id}.xml`)),
    );
  }
  return { annotations, images };
}

/** Runs the stages up to the plan, for jobs that start behind them. */
export async function prepareInput(
  source: { annotations: string; images: string },
  recipe: RecipeInput,
  work: string,
): Promise<BenchInput> {
  const parsed = parseRecipe(recipe);
  const index = await buildIndex({ recipe: parsed, ...source, work });
  const pool = await extractPool({ recipe: parsed, index, work });
  const plan = await makePlan({ recipe: parsed, pool, work });
  return { recipe, ...source, index, pool, plan };
}
