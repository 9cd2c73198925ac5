import { writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandModule } from 'yargs';
import { OutputError } from '../errors.js';
import { exists } from '../files/folders.js';
import { toCommentedRecipe } from '../recipe/write.js';

const SCHEMA = fileURLToPath(new URL('../../../configs/recipe.schema.json', import.meta.url));

export const initCommand: CommandModule<object, { file: string; name: string }> = {
  command: 'init [file]',
  describe: 'Write a recipe with every field, its default and what it means',
  builder: (args) =>
    args
      .positional('file', {
        type: 'string',
        default: 'recipe.yaml',
        describe: 'Where to write it',
      })
      .option('name', { type: 'string', default: 'my-dataset', describe: 'Name of the dataset' }),
  handler: async ({ file, name }) => {
    if (await exists(file)) {
      throw new OutputError('this file exists', {
        code: 'file-exists',
        path: file,
        fix: 'name another, or remove it',
      });
    }
    const schema = relative(dirname(file), SCHEMA).replaceAll('\\', '/');
    await writeFile(file, toCommentedRecipe(name, schema), { flag: 'wx' });
    console.log(
      `Wrote ${file}. Next: patchml generate --recipe ${file} --annotations DIR --images DIR`,
    );
  },
};
