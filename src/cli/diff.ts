import type { CommandModule } from 'yargs';
import { requireGiven, shared } from './flags.js';
import { run, UsageError } from './run.js';

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
        json: { ...shared.json, describe: 'Print the result as JSON, with the id of every image' },
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
  handler: run(async ({ before, after, markdown, 'exit-code': isCode }, { signal }) => {
    const { diffDatasets } = await import('../release/diff.js');
    const { diffToMarkdown, diffToText } = await import('../release/diff-text.js');
    const diff = await diffDatasets({ before, after }, { signal });
    return {
      result: diff,
      text: markdown ? diffToMarkdown(diff).trimEnd() : diffToText(diff),
      isFailed: isCode && !diff.isSame,
    };
  }),
};
