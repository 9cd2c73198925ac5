import type { Argv, CommandModule } from 'yargs';
import { mergeEvaluateCommand } from './evaluate.js';
import { complete, examples } from './flags.js';
import { mergeComposeCommand, mergeExtractCommand } from './generate.js';
import { mergeStudyCommand } from './study.js';

export const mergeCommand: CommandModule<object, object> = {
  command: 'merge',
  describe: 'Join what --shard made, and check it',
  builder: (args): Argv =>
    args
      .command(complete(mergeExtractCommand, 'patchml merge'))
      .command(complete(mergeComposeCommand, 'patchml merge'))
      .command(complete(mergeEvaluateCommand, 'patchml merge'))
      .command(complete(mergeStudyCommand, 'patchml merge'))
      .demandCommand(1, 'missing subcommand: what was done with --shard, such as merge compose')
      .epilogue(examples(['The dataset of all parts', 'merge compose -r recipe.yaml'])),
  handler: () => undefined,
};
