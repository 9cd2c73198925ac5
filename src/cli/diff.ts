import type { CommandModule } from 'yargs';
import { examples, requireGiven, shared } from './flags.js';
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
  describe: 'Compare two datasets or releases: recipes, images, statistics',
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
        describe: 'The dataset or release folder to compare it with',
      })
      .options({
        markdown: { type: 'boolean', default: false, describe: 'Print the result as Markdown' },
        json: { ...shared.json, describe: 'Print the result as JSON, with the id of every image' },
        'exit-code': {
          type: 'boolean',
          default: false,
          describe: 'Exit with code 1 if the datasets differ',
        },
      })
      .check(({ before, after, markdown, json }) => {
        requireGiven('first folder', before);
        requireGiven('second folder', after);
        if (markdown && json) throw new UsageError('--markdown and --json cannot be used together');
        return true;
      })
      .epilogue(
        examples(
          ['What changed between two releases', 'diff releases/paper-1.0.0 releases/paper-1.1.0'],
          ['In a script: fail if they differ', 'diff output/mine output/theirs --exit-code'],
        ),
      ),
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
