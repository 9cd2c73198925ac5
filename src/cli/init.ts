import type { CommandModule } from 'yargs';
import { examples } from './flags.js';
import { run } from './run.js';

interface InitFlags {
  file: string;
  name: string;
}

export const initCommand: CommandModule<object, InitFlags> = {
  command: 'init [file]',
  describe: 'Write a recipe with every field, its default and its meaning',
  builder: (args) =>
    args
      .positional('file', {
        type: 'string',
        default: 'recipe.yaml',
        describe: 'The file to write',
      })
      .option('name', { type: 'string', default: 'my-dataset', describe: 'Name of the dataset' })
      .epilogue(examples(['A recipe for a dataset called pairs', 'init pairs.yaml --name pairs'])),
  handler: run(async ({ file, name }) => {
    const { requireNoFile, writeWhole } = await import('../files/output-file.js');
    const { schemaPath } = await import('../files/yaml.js');
    const { toCommentedRecipe } = await import('../recipe/write.js');
    await requireNoFile(file, 'choose another name, or remove the file');
    await writeWhole(file, toCommentedRecipe(name, schemaPath(file, 'recipe')));
    return {
      text: `Wrote ${file}. Next: patchml generate --recipe ${file} --annotations DIR --images DIR`,
    };
  }),
};
