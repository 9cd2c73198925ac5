import yargs, { type CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { PATCHML_VERSION } from '../version.js';
import { compareCommand } from './compare.js';
import { diffCommand } from './diff.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import { estimateCommand } from './estimate.js';
import { exportCommand } from './export.js';
import { complete, examples, runningCommand, withLongName } from './flags.js';
import {
  composeCommand,
  extractCommand,
  generateCommand,
  indexCommand,
  planCommand,
} from './generate.js';
import { initCommand } from './init.js';
import { inspectCommand } from './inspect.js';
import { mergeCommand } from './merge.js';
import { modelCommand } from './model.js';
import { regenerateCommand } from './regenerate.js';
import { releaseCommand } from './release.js';
import { plotCommand, reportCommand } from './report.js';
import { exitWithError, print, UsageError } from './run.js';
import { scoreCommand } from './score.js';
import { statusCommand } from './status.js';
import { studyCommand } from './study.js';
import { pullCommand, pushCommand } from './transfer.js';
import { verifyCommand } from './verify.js';
import { viewCommand } from './view.js';
import { workerCommand } from './worker.js';

/** In the order of the help. Each has flags of its own, which yargs' types do not hold in a list. */
const COMMANDS = [
  generateCommand,
  indexCommand,
  extractCommand,
  planCommand,
  composeCommand,
  mergeCommand,
  verifyCommand,
  inspectCommand,
  estimateCommand,
  evaluateCommand,
  scoreCommand,
  compareCommand,
  studyCommand,
  reportCommand,
  plotCommand,
  viewCommand,
  modelCommand,
  exportCommand,
  releaseCommand,
  diffCommand,
  regenerateCommand,
  pushCommand,
  pullCommand,
  workerCommand,
  statusCommand,
  initCommand,
  doctorCommand,
] as unknown as CommandModule[];

/** What replaces yargs' own words. */
const WORDS = {
  'Did you mean %s?': 'unknown command; did you mean %s?',
  'Unknown argument: %s': {
    one: 'unknown command, flag or argument: %s',
    other: 'unknown flags or arguments: %s',
  },
  'Not enough non-option arguments: got %s, need at least %s': {
    one: 'an argument is missing: %s given, at least %s needed',
    other: 'an argument is missing: %s given, at least %s needed',
  },
  'Unknown command: %s': { one: 'unknown command: %s', other: 'unknown commands: %s' },
  'Missing required argument: %s': {
    one: 'missing flag: %s',
    other: 'missing flags: %s',
  },
};

/** Flags given twice come as lists, flags with an empty value as empty text. */
function requireOnce(flags: Record<string, unknown>, options: unknown): true {
  const { array: lists } = options as { array: readonly string[] };
  for (const [name, value] of Object.entries(flags)) {
    if (name === '_' || name.length === 1 || lists.includes(name)) continue; // or an alias
    if (Array.isArray(value)) throw new UsageError(`--${name} was given twice`);
    if (value === '') throw new UsageError(`--${name} requires a value`);
  }
  return true;
}

/** Yargs' own error for flags it cannot take, of a class that it does not export. */
function isOfYargs(error: unknown): error is Error {
  return error instanceof Error && error.name === 'YError';
}

/** What yargs prints itself: the help, or the version. */
let text = '';

try {
  await yargs()
    .scriptName('patchml')
    .usage(
      '$0 <command>\n\nMulti-object images from bounding boxes, for measuring how many of the objects in a\npicture a classifier ranks on top.',
    )
    .command(COMMANDS.map((command) => complete(command)))
    .option('verbose', {
      type: 'boolean',
      default: false,
      describe: 'Print the stack trace of an error',
    })
    .epilogue(
      examples(
        ['Write a recipe with every field explained', 'init recipe.yaml'],
        ['Generate its dataset', 'generate -r recipe.yaml -a Annotations -i images'],
        ['Evaluate a model on it', 'evaluate -m model.onnx -d output/my-dataset'],
      ),
    )
    .epilogue(
      '\nExit codes: 0 done, 1 failed or found a problem, 2 wrong usage, 130 interrupted.\n"patchml <command> --help" explains the flags of a command.',
    )
    .updateStrings(WORDS as never)
    .demandCommand(1, 'missing command')
    .recommendCommands()
    .strict()
    .check(requireOnce)
    .version(PATCHML_VERSION)
    .alias({ h: 'help', v: 'version' })
    .wrap(Math.min(100, process.stdout.columns || 100))
    .fail((message, error: Error | undefined) => {
      throw error ?? new UsageError(withLongName(message));
    })
    .exitProcess(false)
    .parseAsync(hideBin(process.argv), {}, (_error, _flags, output) => {
      text = output;
    });
  if (text !== '') await print(text);
} catch (error) {
  const problem = isOfYargs(error) ? new UsageError(withLongName(error.message)) : error;
  exitWithError(problem, runningCommand());
}
