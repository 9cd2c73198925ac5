import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { PATCHML_VERSION } from '../version.js';
import { compareCommand } from './compare.js';
import { diffCommand } from './diff.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import {
  composeCommand,
  extractCommand,
  generateCommand,
  indexCommand,
  planCommand,
} from './generate.js';
import { initCommand } from './init.js';
import { inspectCommand } from './inspect.js';
import { modelCommand } from './model.js';
import { regenerateCommand } from './regenerate.js';
import { releaseCommand } from './release.js';
import { exitWithError, print, UsageError } from './run.js';
import { scoreCommand } from './score.js';
import { pullCommand, pushCommand } from './transfer.js';
import { verifyCommand } from './verify.js';

/** What takes several values. */
const LISTS = ['scores', 'gap', 'models', 'export', 'author'];

/** What yargs prints itself: the help, or the version. */
let text = '';

/** Flags given twice come as lists, flags without a value as empty text. */
function requireOnce(flags: Record<string, unknown>): true {
  for (const [name, value] of Object.entries(flags)) {
    if (name === '_' || name.length === 1 || LISTS.includes(name)) continue; // or an alias
    if (Array.isArray(value)) throw new UsageError(`--${name} is given twice`);
    if (value === '') throw new UsageError(`--${name} needs a value`);
  }
  return true;
}

/** Yargs' own error for flags it cannot take, of a class that it does not export. */
function isOfYargs(error: unknown): error is Error {
  return error instanceof Error && error.name === 'YError';
}

try {
  await yargs()
    .scriptName('patchml')
    .usage(
      '$0 <command>\n\nMulti-object images from bounding boxes, for measuring how many of the objects in a\npicture a classifier ranks on top.',
    )
    .command(generateCommand)
    .command(indexCommand)
    .command(extractCommand)
    .command(planCommand)
    .command(composeCommand)
    .command(verifyCommand)
    .command(inspectCommand)
    .command(evaluateCommand)
    .command(scoreCommand)
    .command(compareCommand)
    .command(modelCommand)
    .command(releaseCommand)
    .command(diffCommand)
    .command(regenerateCommand)
    .command(pushCommand)
    .command(pullCommand)
    .command(initCommand)
    .command(doctorCommand)
    .option('verbose', {
      type: 'boolean',
      default: false,
      describe: 'Print the stack of an error',
    })
    .demandCommand(1, 'Name a command.')
    .recommendCommands()
    .strict()
    .check(requireOnce)
    .version(PATCHML_VERSION)
    .alias({ h: 'help', v: 'version' })
    .wrap(Math.min(100, process.stdout.columns || 100))
    .fail((message, error: Error | undefined) => {
      throw error ?? new UsageError(message);
    })
    .exitProcess(false)
    .parseAsync(hideBin(process.argv), {}, (_error, _flags, output) => {
      text = output;
    });
  if (text !== '') await print(text);
} catch (error) {
  exitWithError(isOfYargs(error) ? new UsageError(error.message) : error);
}
