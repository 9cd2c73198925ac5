import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Argv, CommandModule, InferredOptionTypes } from 'yargs';
import type { Provider, ProviderChoice } from '../models/provider.js';
import type { Shard } from '../cluster/parts.js';
import type { RecipeOverrides } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { type Tools, UsageError } from './run.js';

/** A flag that takes a whole number from 1 to a highest one. */
export function wholeNumber(name: string, describe: string, most = Infinity) {
  return {
    type: 'number',
    describe,
    coerce: (value: unknown): number => requireWhole(name, value, most),
  } as const;
}

function requireWhole(name: string, value: unknown, most: number): number {
  // Given twice, it comes as a list, which `main` refuses.
  if (
    Array.isArray(value) ||
    (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most)
  ) {
    return value as number;
  }
  throw new UsageError(
    `--${name} takes a whole number ${most === Infinity ? 'of at least 1' : `from 1 to ${most}`}`,
  );
}

/** More threads than any machine has cores for would take its memory instead. */
const MAX_JOBS = 256;

/** More change no digit that is printed, and would take days. */
const MAX_RESAMPLES = 100_000;

/** Where the help lists flags that belong together; the rest stands under "Options:". */
export const INPUTS = 'Inputs:';
export const OUTPUTS = 'Outputs:';
const OVERRIDES = 'Recipe overrides:';
export const SCORES = 'Scores:';

/** The flags that several commands share; a command may describe one in words of its own. */
export const shared = {
  annotations: {
    alias: 'a',
    type: 'string',
    group: INPUTS,
    describe: 'Folder of XML, LOC_*_solution.csv, or .tgz of XML',
  },
  images: {
    alias: 'i',
    type: 'string',
    group: INPUTS,
    describe: 'Folder of images (flat, by synset, or the Kaggle tree), or the official .tar',
  },
  out: { alias: 'o', type: 'string', group: OUTPUTS, describe: 'The dataset folder' },
  work: {
    type: 'string',
    group: OUTPUTS,
    default: join('output', 'work'),
    describe: 'Folder for indexes, pools and plans, which later runs reuse',
  },
  overwrite: {
    type: 'boolean',
    group: OUTPUTS,
    default: false,
    describe: 'Replace a different patchml dataset at --out',
  },
  strict: {
    type: 'boolean',
    default: false,
    describe: 'Stop at the first bad annotation or image instead of skipping it',
  },
  limit: wholeNumber('limit', 'Use only the first N images'),
  jobs: {
    ...wholeNumber('jobs', 'Worker threads; does not change the output', MAX_JOBS),
    alias: 'j',
    default: Math.min(availableParallelism(), MAX_JOBS),
    defaultDescription: 'one per core',
  },
  seed: { type: 'string', group: SCORES, default: '42', describe: 'Seed of the bootstrap' },
  resamples: {
    ...wholeNumber('resamples', 'Bootstrap resamples for the intervals', MAX_RESAMPLES),
    group: SCORES,
    default: 1000,
  },
  endpoint: { type: 'string', describe: 'URL of an S3-compatible store, or of another Hub' },
  quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print errors only' },
  json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
} as const;

/** The flag of every command that runs models. */
export async function providerFlag() {
  const { PROVIDER_CHOICES } = await import('../models/provider.js');
  return {
    choices: PROVIDER_CHOICES,
    default: 'cpu',
    describe: 'Execution provider of onnxruntime; auto: webgpu where a GPU is, else cpu',
  } as const;
}

/** What `--provider` stands for on this machine; says which one `auto` takes. */
export async function providerOf(asked: ProviderChoice, { note }: Tools): Promise<Provider> {
  if (asked !== 'auto') return asked;
  const { chooseProvider } = await import('../models/adapters.js');
  const { provider, reason } = await chooseProvider();
  note(`running models on ${provider}: ${reason}`);
  return provider;
}

/** A part of a command's work, such as `3/8`. */
export const shardFlag = {
  type: 'string',
  describe: 'Do one part only, such as 3/8; "patchml merge" joins them',
} as const;

export interface ShardFlag {
  shard: string | undefined;
}

/** Parses `3/8`. @throws UsageError */
export function shardOf(text: string): Shard {
  const [, part, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (part !== undefined && of !== undefined && part >= 1 && part <= of) return { part, of };
  throw new UsageError(`--shard: expected a part such as 3/8, from 1/8 to 8/8, got "${text}"`);
}

/** @throws UsageError where each machine would choose what models run on */
export function requireOneProvider(asked: ProviderChoice): void {
  if (asked !== 'auto') return;
  throw new UsageError(
    '--provider auto depends on the machine: name one provider for all machines',
  );
}

/** @throws UsageError unless a command was given what it works on */
export function requireGiven(name: string, value: string | undefined): void {
  if (value === undefined) throw new UsageError(`pass the ${name}`);
}

/** The flags of every command that runs stages. */
const recipeFlags = {
  recipe: {
    alias: 'r',
    type: 'string',
    group: INPUTS,
    demandOption: true,
    describe: 'The recipe, a YAML file (patchml init writes one)',
  },
  annotations: shared.annotations,
  images: shared.images,
  work: shared.work,
  name: { type: 'string', group: OVERRIDES, describe: 'Name of the dataset' },
  seed: { type: 'string', group: OVERRIDES, describe: 'Seed of every random choice' },
  counts: {
    type: 'string',
    group: OVERRIDES,
    describe: 'Images for each number of patches, such as 2:500,3:500',
  },
  limit: {
    ...shared.limit,
    group: OVERRIDES,
    describe: 'Use only the first N annotated images',
  },
  jobs: shared.jobs,
  strict: shared.strict,
  quiet: shared.quiet,
  json: shared.json,
} as const;

/** The flags' values. */
export type RecipeFlags = InferredOptionTypes<typeof recipeFlags>;

/** Adds the flags to a command. */
export function withRecipeFlags<T>(args: Argv<T>): Argv<T & RecipeFlags> {
  return args.options(recipeFlags) as unknown as Argv<T & RecipeFlags>;
}

/** Where the help lists the flags of a queue. */
const QUEUE = 'Queue:';

/** The flags of the commands that a queue's workers do. */
export const queueFlags = {
  queue: {
    type: 'string',
    group: QUEUE,
    describe: 'Have it done by the workers of a queue: redis://HOST:6379, or rediss:// for TLS',
  },
  root: {
    type: 'string',
    group: QUEUE,
    default: '.',
    describe:
      'With --queue: the folder that all machines share, or s3://BUCKET/PREFIX; other paths are from there',
    defaultDescription: 'the current folder',
  },
  endpoint: {
    type: 'string',
    group: QUEUE,
    describe: 'With --root s3://: URL of another S3 store',
  },
  cache: {
    type: 'string',
    group: QUEUE,
    default: join('output', 'cache'),
    describe: 'With --root s3://: folder of this machine for copies of what is fetched',
  },
  'piece-images': {
    ...wholeNumber('piece-images', 'With --queue: images of a piece of work, at most', 1_000_000),
    group: QUEUE,
    default: 1000,
  },
} as const;

/** The flags' values. */
export type QueueFlags = InferredOptionTypes<typeof queueFlags>;

/** Adds the flags to a command. */
export function withQueueFlags<T>(args: Argv<T>): Argv<T & QueueFlags> {
  return args.options(queueFlags) as unknown as Argv<T & QueueFlags>;
}

/** @throws UsageError for flags that have no meaning with a queue */
export function requireForQueue({
  shard,
  provider,
}: ShardFlag & { provider: ProviderChoice }): Provider {
  if (shard !== undefined) {
    throw new UsageError(
      '--shard and --queue cannot be used together: a queue has shards of its own',
    );
  }
  requireOneProvider(provider);
  return provider as Provider;
}

/** Loads the recipe that the flags name, with the fields that they override. */
export async function loadRecipeOf(flags: RecipeFlags): Promise<Recipe> {
  const overrides: RecipeOverrides = {
    name: flags.name,
    seed: flags.seed,
    source: { limit: flags.limit },
    sampling: { counts: flags.counts === undefined ? undefined : parseCounts(flags.counts) },
  };
  const { loadRecipe } = await import('../recipe/load.js');
  return loadRecipe(flags.recipe, overrides);
}

/** Parses `2:500,3:500`. @throws UsageError */
function parseCounts(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [, k, images] = /^\s*([1-9]\d*)\s*:\s*(\d+)\s*$/.exec(part) ?? [];
    if (k === undefined || k in counts) {
      throw new UsageError(`--counts takes patches:images such as 2:500,3:500, not "${text}"`);
    }
    counts[k] = Number(images);
  }
  return counts;
}

/** The command that runs, as it is typed, and the one-letter names of its flags. */
let running: { name: string; letters: Record<string, readonly string[]> } = {
  name: 'patchml',
  letters: {},
};

/** `patchml`, or with the command that runs, as `patchml generate`. */
export function runningCommand(): string {
  return running.name;
}

/**
 * Completes a command: its help lists what is common to all commands last, and a flag without its
 * value is refused; yargs would take the default.
 */
export function complete<F>(module: CommandModule<object, F>, parent = 'patchml'): CommandModule {
  return {
    ...module,
    builder: async (args: Argv) => {
      const built = await (module.builder as (args: Argv) => Argv | Promise<Argv>)(args);
      const { string, number, narg, alias, key } = (built as unknown as WithOptions).getOptions();
      const name = `${parent} ${String(module.command).split(' ')[0]}`;
      running = { name, letters: alias };
      const grouped = Object.values((built as unknown as WithOptions).getGroups()).flat();
      const own = Object.keys(key).filter(
        (flag) => flag.length > 1 && !COMMON.includes(flag), // or an alias
      );
      return built
        .group(
          own.filter((flag) => !grouped.includes(flag)),
          'Options:',
        )
        .requiresArg([...string, ...number].filter((flag) => !(flag in narg)));
    },
  } as unknown as CommandModule;
}

/** The flags of every command; yargs lists them after those that are named. */
const COMMON = ['verbose', 'help', 'version'];

/** What yargs' types keep to themselves. */
interface WithOptions {
  getGroups: () => Record<string, readonly string[]>;
  getOptions: () => {
    string: readonly string[];
    number: readonly string[];
    narg: Record<string, number>;
    alias: Record<string, readonly string[]>;
    key: Record<string, unknown>;
  };
}

/** A message with the name of the flag at its end, where that is the one letter. */
export function withLongName(message: string): string {
  const { letters } = running;
  return message.replace(/(?<=: )\w$/, (letter) => {
    const [name = letter] = Object.keys(letters).filter((key) => letters[key]!.includes(letter));
    return name;
  });
}

/** The end of a command's help: what each example does, and the command below it. */
export function examples(...pairs: readonly (readonly [does: string, command: string])[]): string {
  const lines = pairs.flatMap(([does, command]) => [`  ${does}:`, `    $0 ${command}`]);
  return ['Examples:', ...lines].join('\n');
}
