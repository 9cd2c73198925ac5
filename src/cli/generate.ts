import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { readDatasetSummary, readLock } from '../dataset/dataset-files.js';
import { generate } from '../generate.js';
import { interruptible } from './interruptible.js';
import { loadRecipeOf, type RecipeFlags, withRecipeFlags } from './recipe-flags.js';
import { showProgress } from './show-progress.js';
import { listCounts, toTable } from './table.js';

/** The flags of the commands that write a dataset. */
export interface OutFlags {
  out: string | undefined;
  overwrite: boolean;
}

export const generateCommand: CommandModule<object, RecipeFlags & OutFlags> = {
  command: 'generate',
  describe: 'Make a dataset: index, extract, plan, compose',
  builder: (args) =>
    withOutFlags(withRecipeFlags(args)).example(
      '$0 generate -r configs/recipes/paper.yaml -a Annotations/CLS-LOC/val -i images',
      'From the validation set, into output/paper',
    ),
  handler: async (flags) => {
    const recipe = await loadRecipeOf(flags);
    const out = flags.out ?? join('output', recipe.name);
    const progress = showProgress(flags);
    const made = await interruptible((signal) =>
      generate(
        { recipe, annotations: flags.annotations, images: flags.images, out, work: flags.work },
        { ...flags, signal, onProgress: progress.show },
      ).finally(progress.stop),
    );
    await printDataset(made.dataset, flags, { pool: made.pool });
  },
};

/** Adds the flags of a command that writes a dataset. */
export function withOutFlags<T>(args: Argv<T>): Argv<T & OutFlags> {
  return args.options({
    out: { alias: 'o', type: 'string', describe: 'The dataset folder  [default: output/<name>]' },
    overwrite: {
      type: 'boolean',
      default: false,
      describe: 'Replace another patchml dataset at --out',
    },
  }) as unknown as Argv<T & OutFlags>;
}

/** Prints what a dataset holds and where it is. */
export async function printDataset(
  folder: string,
  { quiet, json }: Pick<RecipeFlags, 'quiet' | 'json'>,
  places: { pool: string },
): Promise<void> {
  const summary = await readDatasetSummary(folder);
  const { dataset: digest } = await readLock(folder);
  if (json) {
    const { images, counts, source } = summary;
    console.log(
      JSON.stringify({ dataset: folder, ...places, digest, images, counts, source }, null, 2),
    );
    return;
  }
  if (quiet) return;
  const { annotations, malformed, objects, patches, drops } = summary.source;
  const table = toTable([
    ['dataset', folder],
    ['name', `${summary.name} ${summary.version}, seed ${summary.recipe.seed}`],
    ['images', summary.images],
    ['images by patches', listCounts(summary.counts)],
    ['classes', Object.keys(summary.classes).length],
    ['annotations', annotations],
    ['malformed annotations', malformed],
    ['objects', objects],
    ['patches', patches],
    ['objects dropped', listCounts(drops)],
    ['pool', places.pool],
    ['digest', digest],
  ]);
  console.log(table);
}
