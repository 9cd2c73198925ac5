import type { CommandModule } from 'yargs';
import { diffToMarkdown, diffToText } from '../release/diff-text.js';
import { diffDatasets } from '../release/diff.js';
import { requireGiven } from './flags.js';
import { interruptible, UsageError } from './run.js';

interface DiffFlags {
  before: string;
  after: string;
  markdown: boolean;
  json: boolean;
  'exit-code': boolean;
}

export const diffCommand: CommandModule<object, DiffFlags> = {
  command: 'diff [before] [after]',
  describe: 'Compare two datasets or releases: recipe, images, statistics',
  builder: (args) =>
    args
      .positional('before', {
        type: 'string',
        demandOption: true,
        describe: 'A dataset or release folder',
      })
      .positional('after', {
        type: 'string',
        demandOption: true,
        describe: 'Another',
      })
      .options({
        markdown: { type: 'boolean', default: false, describe: 'Print the result as Markdown' },
        json: {
          type: 'boolean',
          default: false,
          describe: 'Print the result as JSON, with the id of every image',
        },
        'exit-code': {
          type: 'boolean',
          default: false,
          describe: 'Exit with 1 if the datasets differ',
        },
      })
      .check(({ before, after, markdown, json }) => {
        requireGiven('first folder', before);
        requireGiven('second folder', after);
        if (markdown && json) throw new UsageError('--markdown and --json are two forms of one');
        return true;
      }),
  handler: async ({ before, after, markdown, json, 'exit-code': isCode }) => {
    const diff = await interruptible((signal) => diffDatasets({ before, after }, { signal }));
    if (json) console.log(JSON.stringify(diff, null, 2));
    else console.log(markdown ? diffToMarkdown(diff).trimEnd() : diffToText(diff));
    if (isCode && !diff.isSame) process.exitCode = 1;
  },
};
