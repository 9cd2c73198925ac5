import yargs, { type Argv, type CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { PATCHML_VERSION } from '../version.js';
import { compareCommand } from './compare.js';
import { diffCommand } from './diff.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
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

/** In the order of the help. Each has flags of its own, which yargs' types do not hold in a list. */
const COMMANDS = [
  generateCommand,
  indexCommand,
  extractCommand,
  planCommand,
  composeCommand,
  verifyCommand,
  inspectCommand,
  evaluateCommand,
  scoreCommand,
  compareCommand,
  modelCommand,
  exportCommand,
  releaseCommand,
  diffCommand,
  regenerateCommand,
  pushCommand,
  pullCommand,
  initCommand,
  doctorCommand,
] as unknown as CommandModule[];

/** Yargs' own words for what it cannot take. */
const WORDS = {
  'Did you mean %s?': 'unknown command; did you mean %s?',
  'Unknown argument: %s': {
    one: 'unknown command, flag or argument: %s',
    other: 'unknown flags or arguments: %s',
  },
  'Unknown command: %s': { one: 'unknown command: %s', other: 'unknown commands: %s' },
  'Missing required argument: %s': {
    one: 'this flag is required: %s',
    other: 'these flags are required: %s',
  },
};

/** Flags given twice come as lists, flags with an empty value as empty text. */
function requireOnce(flags: Record<string, unknown>, options: unknown): true {
  const { array: lists } = options as { array: readonly string[] };
  for (const [name, value] of Object.entries(flags)) {
    if (name === '_' || name.length === 1 || lists.includes(name)) continue; // or an alias
    if (Array.isArray(value)) throw new UsageError(`--${name} is given twice`);
    if (value === '') throw new UsageError(`--${name} needs a value`);
  }
  return true;
}

/** The one-letter names of the flags of the command that runs. */
let letters: Record<string, readonly string[]> = {};

/** The command, where a flag without its value is refused; yargs would take the default. */
function requireValues(module: CommandModule): CommandModule {
  return {
    ...module,
    builder: async (args) => {
      const built = await (module.builder as (args: Argv) => Argv | Promise<Argv>)(args);
      const { string, number, narg, alias } = (built as unknown as WithOptions).getOptions();
      letters = alias;
      return built.requiresArg([...string, ...number].filter((name) => !(name in narg)));
    },
  };
}

/** What yargs' types keep to themselves. */
interface WithOptions {
  getOptions: () => {
    string: readonly string[];
    number: readonly string[];
    narg: Record<string, number>;
    alias: Record<string, readonly string[]>;
  };
}

/** A message with the name of the flag at its end, where that is the one letter. */
function withLongName(message: string): string {
  return message.replace(/(?<=: )\w$/, (letter) => {
    const [name = letter] = Object.keys(letters).filter((key) => letters[key]!.includes(letter));
    return name;
  });
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
    .command(COMMANDS.map(requireValues))
    .option('verbose', {
      type: 'boolean',
      default: false,
      describe: 'Print the stack trace of an error',
    })
    .example('$0 init recipe.yaml', 'Write a recipe, with every field explained')
    .example('$0 generate -r recipe.yaml -a Annotations -i images', 'Make its dataset')
    .example('$0 evaluate -m model.onnx -d output/my-dataset', 'Evaluate a model on it')
    .epilogue('Exit codes: 0 done, 1 failed or found a problem, 2 wrong use, 130 interrupted.')
    .updateStrings(WORDS as never)
    .demandCommand(1, 'Name a command.')
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
  exitWithError(isOfYargs(error) ? new UsageError(withLongName(error.message)) : error);
}
