import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import type { Part } from '../cluster/parts.js';
import type { IndexFolder } from '../generate/build-index.js';
import type { ComposeInput } from '../generate/compose-dataset.js';
import type { ExtractInput } from '../generate/extract-pool.js';
import type { Generated } from '../generate/generate.js';
import type { PlanFolder } from '../generate/make-plan.js';
import type { Pool, PoolFolder } from '../generate/pool.js';
import type { Recipe } from '../recipe/schema.js';
import { listCounts, toTerminalTable } from '../text.js';
import {
  examples,
  INPUTS,
  loadRecipeOf,
  type QueueFlags,
  type RecipeFlags,
  shardFlag,
  type ShardFlag,
  shardOf,
  shared,
  withQueueFlags,
  withRecipeFlags,
} from './flags.js';
import { type Outcome, run, silenceSdk } from './run.js';

/** The flags of the commands that write a dataset. */
export interface OutFlags {
  out: string | undefined;
  overwrite: boolean;
}

export const generateCommand: CommandModule<object, RecipeFlags & OutFlags & QueueFlags> = {
  command: 'generate',
  describe: 'Generate a dataset: index, extract, plan and compose in one run',
  builder: (args) =>
    withQueueFlags(withOutFlags(withRecipeFlags(args))).epilogue(
      examples(
        [
          'The dataset of the paper, from the validation set, into output/paper',
          'generate -r configs/recipes/paper.yaml -a Annotations/CLS-LOC/val -i val',
        ],
        [
          'A small one with another seed',
          'generate -r recipe.yaml -a LOC_val_solution.csv -i val --seed 7 --counts 2:50,3:50',
        ],
        [
          'With the workers of a queue, which "patchml worker" starts',
          'generate -r recipe.yaml -a val-xml -i val --queue redis://HOST:6379 --root /shared',
        ],
      ),
    ),
  handler: run(async (flags, { signal, onProgress, note }) => {
    const recipe = await loadRecipeOf(flags);
    const { annotations, images, work, queue, root } = flags;
    const out = flags.out ?? join('output', recipe.name);
    const input = { recipe, annotations, images, out, work };
    if (queue !== undefined) {
      const { generateOnQueue } = await import('../cluster/queue/generate-on-queue.js');
      silenceSdk();
      const { strict, overwrite, endpoint, cache } = flags;
      const store = { endpoint, cache };
      const options = { strict, overwrite, piece: flags['piece-images'], signal, onProgress };
      return describeDataset(
        await generateOnQueue({ ...input, queue, root }, { ...options, ...store, onNote: note }),
      );
    }
    const { generate } = await import('../generate/generate.js');
    return describeDataset(await generate(input, { ...flags, signal, onProgress }));
  }),
};

/** Adds the flags of a command that writes a dataset. */
function withOutFlags<T>(args: Argv<T>): Argv<T & OutFlags> {
  return args.options({
    out: { ...shared.out, defaultDescription: 'output/<name>' },
    overwrite: shared.overwrite,
  }) as unknown as Argv<T & OutFlags>;
}

/** What a dataset holds and where it is. */
function describeDataset({
  dataset: folder,
  pool,
  summary,
  lock,
  hidden,
}: Pick<Generated, 'dataset' | 'pool' | 'summary' | 'lock'> &
  Partial<Pick<Generated, 'hidden'>>): Outcome {
  const { dataset: digest } = lock;
  const { images, counts, source } = summary;
  const text = toTerminalTable({
    rows: [
      ['dataset', folder],
      ['name', `${summary.name} ${summary.version}, seed ${summary.recipe.seed}`],
      ['images', images],
      ['images by patches', listCounts(counts)],
      ['classes', Object.keys(summary.classes).length],
      ['annotations', source.annotations],
      ['malformed annotations', source.malformed],
      ['objects', source.objects],
      ['patches', source.patches],
      ['objects dropped', listCounts(source.drops)],
      ...hiddenRow(hidden),
      ['pool', pool],
      ['digest', digest],
    ],
  });
  return { result: { dataset: folder, pool, digest, images, counts, source, hidden }, text };
}

/** Said only where there are any: names that begin with a dot. */
function hiddenRow(hidden: Generated['hidden'] | undefined): [string, string][] {
  if (hidden === undefined || hidden.annotations + hidden.images === 0) return [];
  return [['hidden files skipped', listCounts({ ...hidden })]];
}

// Each stage reads the folder that the previous stage wrote: the one given by its flag, or the one in
// the work folder for this recipe and, where given, for these annotations and images.

export const indexCommand: CommandModule<object, RecipeFlags> = {
  command: 'index',
  describe: 'Stage 1: parse the annotations and find their images',
  builder: (args) =>
    withRecipeFlags(args).epilogue(
      examples([
        'Index the validation set',
        'index -r recipe.yaml -a Annotations/CLS-LOC/val -i val',
      ]),
    ),
  handler: run(async (flags, { signal, onProgress }) => {
    const { buildIndex } = await import('../generate/build-index.js');
    const { requireInputs } = await import('../generate/generate.js');
    const recipe = await loadRecipeOf(flags);
    const input = { recipe, ...requireInputs({ ...flags, recipe }), work: flags.work };
    const { folder, summary } = await buildIndex(input, { ...flags, signal, onProgress });
    return stageOutcome('index', folder, {
      annotations: summary.annotations,
      'malformed annotations': summary.malformed,
      objects: summary.objects,
      'images found': summary.indexed.images,
      'objects found': summary.indexed.objects,
      'objects dropped': listCounts(summary.drops),
      ...Object.fromEntries(hiddenRow(summary.hidden)),
    });
  }),
};

interface IndexFlag {
  index: IndexFolder | undefined;
}

type ExtractFlags = RecipeFlags & IndexFlag;

export const extractCommand: CommandModule<object, ExtractFlags & ShardFlag> = {
  command: 'extract',
  describe: 'Stage 2: cut the objects out of their images into a pool',
  builder: (args) =>
    withRecipeFlags(args)
      .option('index', stageFolder('The index folder'))
      .option('shard', shardFlag)
      .epilogue(
        examples(
          ['From an index folder', 'extract -r recipe.yaml --index INDEX -i val'],
          ['From the index of these inputs', 'extract -r recipe.yaml -a Annotations -i val'],
        ),
      ),
  handler: run(async (flags, { signal, onProgress }) => {
    const input = await extractInputOf(flags);
    const options = { ...flags, signal, onProgress };
    if (flags.shard !== undefined) {
      const { extractShard } = await import('../cluster/pool-parts.js');
      return partOutcome(await extractShard({ ...input, shard: shardOf(flags.shard) }, options));
    }
    const { extractPool } = await import('../generate/extract-pool.js');
    return poolOutcome(await extractPool(input, options));
  }),
};

async function extractInputOf(flags: ExtractFlags): Promise<ExtractInput> {
  const { findIndex } = await import('../generate/build-index.js');
  const recipe = await loadRecipeOf(flags);
  const { work, images } = flags;
  const index = flags.index ?? (await findIndex({ recipe, ...inputsOf(recipe, flags), work }));
  return { recipe, index, images, work };
}

function poolOutcome({ folder, summary }: Pick<Pool, 'folder' | 'summary'>): Outcome {
  return stageOutcome('pool', folder, {
    objects: summary.source.objects,
    patches: summary.patches,
    'objects dropped': listCounts(summary.drops),
    bytes: summary.bytes,
    digest: summary.digest,
  });
}

function partOutcome({ folder, images, reused }: Part): Outcome {
  return stageOutcome('part', folder, { images, 'was there': reused ? 'yes' : 'no' });
}

interface PoolFlag {
  pool: PoolFolder | undefined;
}

export const planCommand: CommandModule<object, RecipeFlags & PoolFlag> = {
  command: 'plan',
  describe: 'Stage 3: sample the patches of every image',
  builder: (args) =>
    withPoolFlag(withRecipeFlags(args)).epilogue(
      examples(
        ['With the pool of this recipe in --work', 'plan -r recipe.yaml'],
        ['With a pool folder', 'plan -r recipe.yaml --pool POOL'],
      ),
    ),
  handler: run(async (flags, { signal, onProgress }) => {
    const { makePlan } = await import('../generate/make-plan.js');
    const recipe = await loadRecipeOf(flags);
    const input = { recipe, pool: await poolOf(recipe, flags), work: flags.work };
    const { folder, summary } = await makePlan(input, { ...flags, signal, onProgress });
    return stageOutcome('plan', folder, { images: summary.images, digest: summary.digest });
  }),
};

type ComposeFlags = RecipeFlags & OutFlags & PoolFlag & { plan: PlanFolder | undefined };

export const composeCommand: CommandModule<object, ComposeFlags & ShardFlag> = {
  command: 'compose',
  describe: 'Stage 4: paint the images and write the dataset',
  builder: (args) =>
    withComposeFlags(args)
      .option('shard', shardFlag)
      .epilogue(
        examples(
          ['With the pool and the plan of this recipe in --work', 'compose -r recipe.yaml'],
          ['With folders', 'compose -r recipe.yaml --pool POOL --plan PLAN -o output/mine'],
        ),
      ),
  handler: run(async (flags, { signal, onProgress }) => {
    const input = await composeInputOf(flags);
    const options = { ...flags, signal, onProgress };
    if (flags.shard !== undefined) {
      const { composeShard } = await import('../cluster/dataset-parts.js');
      return partOutcome(await composeShard({ ...input, shard: shardOf(flags.shard) }, options));
    }
    const { composeDataset } = await import('../generate/compose-dataset.js');
    return datasetOutcome(input, await composeDataset(input, options));
  }),
};

function withComposeFlags<T>(args: Argv<T>): Argv<T & ComposeFlags> {
  return withOutFlags(
    withPoolFlag(withRecipeFlags(args)).option('plan', stageFolder('The plan folder')),
  );
}

async function composeInputOf(flags: ComposeFlags): Promise<ComposeInput> {
  const { findPlan } = await import('../generate/make-plan.js');
  const recipe = await loadRecipeOf(flags);
  const pool = await poolOf(recipe, flags);
  const plan = flags.plan ?? (await findPlan({ recipe, pool, work: flags.work }));
  return { recipe, pool, plan, out: flags.out ?? join('output', recipe.name) };
}

function datasetOutcome(
  { out: dataset, pool }: ComposeInput,
  { summary, lock }: Pick<Generated, 'summary' | 'lock'>,
): Outcome {
  return describeDataset({ dataset, pool, summary, lock });
}

export const mergeExtractCommand: CommandModule<object, ExtractFlags> = {
  command: 'extract',
  describe: 'Join the parts of a pool that "extract --shard" made',
  builder: (args) =>
    withRecipeFlags(args)
      .option('index', stageFolder('The index folder'))
      .epilogue(
        examples(['The pool of all parts', 'merge extract -r recipe.yaml -a Annotations -i val']),
      ),
  handler: run(async (flags, { signal, onProgress }) => {
    const { mergePool } = await import('../cluster/pool-parts.js');
    return poolOutcome(await mergePool(await extractInputOf(flags), { signal, onProgress }));
  }),
};

export const mergeComposeCommand: CommandModule<object, ComposeFlags> = {
  command: 'compose',
  describe: 'Join the parts of a dataset that "compose --shard" made',
  builder: (args) =>
    withComposeFlags(args).epilogue(
      examples(['The dataset, by the flags of "compose"', 'merge compose -r recipe.yaml']),
    ),
  handler: run(async (flags, { signal, onProgress }) => {
    const { mergeDataset } = await import('../cluster/dataset-parts.js');
    const input = await composeInputOf(flags);
    return datasetOutcome(input, await mergeDataset(input, { ...flags, signal, onProgress }));
  }),
};

function withPoolFlag<T>(args: Argv<T>): Argv<T & PoolFlag> {
  return args.option('pool', stageFolder('The pool folder'));
}

/** A flag that names the folder of an earlier stage. */
function stageFolder(describe: string) {
  return {
    type: 'string',
    group: INPUTS,
    describe,
    defaultDescription: 'found in --work',
  } as const;
}

async function poolOf(recipe: Recipe, flags: RecipeFlags & PoolFlag): Promise<PoolFolder> {
  if (flags.pool !== undefined) return flags.pool;
  const { findIndex } = await import('../generate/build-index.js');
  const { findPool } = await import('../generate/extract-pool.js');
  const { annotations, images } = inputsOf(recipe, flags);
  const { work } = flags;
  if (annotations === undefined || images === undefined) return findPool({ recipe, work });
  return findPool({ recipe, index: await findIndex({ recipe, annotations, images, work }), work });
}

/** The inputs as given, or as the recipe names them. */
function inputsOf(
  { source }: Recipe,
  { annotations = source.annotations, images = source.images }: RecipeFlags,
): { annotations: string | undefined; images: string | undefined } {
  return { annotations, images };
}

/** What one of the first three stages made. */
function stageOutcome(
  kind: string,
  folder: string,
  values: Record<string, string | number>,
): Outcome {
  return {
    result: { [kind]: folder, ...values },
    text: toTerminalTable({ rows: [[kind, folder], ...Object.entries(values)] }),
  };
}
