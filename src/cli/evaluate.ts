import { join } from 'node:path';
import type { Argv, CommandModule, InferredOptionTypes } from 'yargs';
import type { Part, Shard } from '../cluster/parts.js';
import type { PreprocessingChoice } from '../models/card.js';
import type { Provider, ProviderChoice } from '../models/provider.js';
import type {
  Evaluated,
  EvaluateInput,
  evaluateModel,
  EvaluatedModels,
  EvaluateOptions,
  FailedModel,
} from '../score/evaluate.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { toTerminalTable } from '../text.js';
import {
  examples,
  providerFlag,
  providerOf,
  queueFlags,
  type QueueFlags,
  requireForQueue,
  requireOneProvider,
  shardFlag,
  type ShardFlag,
  shardOf,
  shared,
  wholeNumber,
} from './flags.js';
import { type Outcome, run, silenceSdk, type Tools, UsageError } from './run.js';
import {
  describeScorecard,
  EVALUATION_SET,
  type EvaluationSetFlags,
  openSetOf,
  type ScoresFlags,
  withEvaluationSetFlags,
  withScoresFlags,
} from './score-flags.js';

/** Where the help lists the flags of the model. */
const MODEL = 'Model:';

const modelFlags = {
  model: {
    alias: 'm',
    type: 'string',
    group: MODEL,
    describe: 'An .onnx file that has a card, or the card',
  },
  models: {
    type: 'array',
    string: true,
    group: MODEL,
    describe: "Cards of several models: 'configs/models/*.yaml'",
  },
  batch: {
    ...wholeNumber('batch', 'Images per batch'),
    group: MODEL,
    defaultDescription: '16, or what the model allows',
  },
  limit: {
    ...shared.limit,
    group: EVALUATION_SET,
    describe: 'Use only N images, spread over the classes or the numbers of labels',
  },
  jobs: { ...shared.jobs, describe: 'Threads for preprocessing, and for the model' },
  work: { ...shared.work, describe: 'Folder for predictions, which later runs reuse' },
  quiet: shared.quiet,
  json: { ...shared.json, describe: 'Print the scorecards as JSON' },
} as const;

type ModelFlags = InferredOptionTypes<typeof modelFlags> & {
  preprocess: PreprocessingChoice | undefined;
  provider: ProviderChoice;
};
type EvaluateFlags = ModelFlags & EvaluationSetFlags & ScoresFlags;
type ResolvedFlags = EvaluateFlags & { provider: Provider };

export const evaluateCommand: CommandModule<object, EvaluateFlags & ShardFlag & QueueFlags> = {
  command: 'evaluate',
  describe: 'Run models on images and score them',
  builder: async (args) =>
    (await withEvaluateFlags(args))
      .option('shard', { ...shardFlag, group: MODEL })
      .options(queueFlags)
      .epilogue(
        examples(
          ['One model on a PatchML dataset', 'evaluate -m model.onnx -d output/paper'],
          [
            "Many models on ImageNet's validation set with ReaL labels",
            "evaluate --models 'configs/models/*.yaml' -i val -l real.json",
          ],
          [
            'With the workers of a queue, which "patchml worker" starts',
            'evaluate -m model.yaml -i val --queue redis://HOST:6379 --root /shared',
          ],
        ),
      ),
  handler: run(async (flags, tools) => {
    if (flags.queue !== undefined) return evaluateByWorkers(flags, flags.queue, tools);
    if (flags.shard !== undefined) {
      const shard = shardOf(flags.shard);
      requireOneProvider(flags.provider);
      return evaluatePart(await openModels(flags, tools), shard, tools);
    }
    const { evaluateModel } = await import('../score/evaluate.js');
    return evaluate(evaluateModel, await openModels(flags, tools), tools);
  }),
};

export const mergeEvaluateCommand: CommandModule<object, EvaluateFlags> = {
  command: 'evaluate',
  describe: 'Join the predictions that "evaluate --shard" made, and score them',
  builder: async (args) =>
    (await withEvaluateFlags(args)).epilogue(
      examples([
        'The scores of all parts, by the flags of "evaluate"',
        'merge evaluate -m model.onnx -d output/paper',
      ]),
    ),
  handler: run(async (flags, tools) => {
    requireOneProvider(flags.provider);
    const { mergeEvaluation } = await import('../cluster/evaluation-parts.js');
    return evaluate(mergeEvaluation, await openModels(flags, tools), tools);
  }),
};

async function withEvaluateFlags(args: Argv<object>): Promise<Argv<EvaluateFlags>> {
  const { PREPROCESSING_CHOICES } = await import('../models/card.js');
  const { model, models, ...others } = modelFlags;
  const options = {
    model,
    models,
    preprocess: {
      choices: PREPROCESSING_CHOICES,
      group: MODEL,
      describe: "card: the model's own resize and crop; whole: resize only, no crop",
      defaultDescription: 'whole on PatchML, else card',
    },
    provider: { ...(await providerFlag()), group: MODEL },
    ...others,
  } as const;
  return withScoresFlags(withEvaluationSetFlags(args.options(options) as Argv<ModelFlags>)).check(
    ({ model, models }) => {
      if ((model === undefined) === (models === undefined)) {
        throw new UsageError('pass either --model or --models');
      }
      return true;
    },
  );
}

/** What is evaluated. */
interface OpenedModels {
  /** Paths of cards or models. */
  cards: readonly string[];
  /** Whether one model was asked for by its own name. */
  isOne: boolean;
  set: EvaluationSet;
  flags: ResolvedFlags;
}

async function openModels(flags: EvaluateFlags, tools: Tools): Promise<OpenedModels> {
  const { matchCards } = await import('../models/card.js');
  const { silenceOnnxruntime } = await import('../models/onnxruntime.js');
  const { limitImages } = await import('../sets/evaluation-set.js');
  const { model, models } = flags;
  const cards = models === undefined ? [model!] : await matchCards(models);
  const set = limitImages(await openSetOf(flags), flags.limit);
  await silenceOnnxruntime();
  const provider = await providerOf(flags.provider, tools);
  return { cards, isOne: models === undefined, set, flags: { ...flags, provider } };
}

/** Does work with each model. One that fails is named among the others; alone, it ends the command. */
async function withEach<T>(
  work: (input: EvaluateInput, options: EvaluateOptions) => Promise<T>,
  { cards, isOne, set, flags }: OpenedModels,
  tools: Tools,
): Promise<{ done: T[]; failures: FailedModel[] }> {
  const { eachModel } = await import('../score/evaluate.js');
  const { preprocess, work: folder, out } = flags;
  const { done, failures } = await eachModel(
    work,
    { cards, set, preprocess, work: folder, out },
    {
      ...optionsOf(flags, tools),
      onModel: (card, index) => {
        if (cards.length > 1) tools.note(`${card} (${index + 1} of ${cards.length})`);
      },
    },
  );
  if (isOne && failures[0]) throw failures[0].error;
  return { done, failures };
}

/** Evaluates models in one piece, or of their parts. */
async function evaluate(
  work: typeof evaluateModel,
  models: OpenedModels,
  tools: Tools,
): Promise<Outcome> {
  const { done: evaluated, failures } = await withEach(work, models, tools);
  return describeEvaluated({ evaluated, failures }, models.isOne, models.flags.out, tools);
}

/** Has models evaluated by the workers of a queue. */
async function evaluateByWorkers(
  flags: EvaluateFlags & ShardFlag & QueueFlags,
  queue: string,
  tools: Tools,
): Promise<Outcome> {
  const provider = requireForQueue(flags);
  const { evaluateOnQueue } = await import('../cluster/queue/evaluate-on-queue.js');
  const { matchCards } = await import('../models/card.js');
  silenceSdk();
  const { model, models, dataset, images, labels, originals, limit, preprocess } = flags;
  const { work, out, root, endpoint, cache } = flags;
  const cards = models === undefined ? [model!] : await matchCards(models);
  const multiLabelRule = flags['multi-label-rule'];
  const set = { dataset, images, labels, originals, multiLabelRule, limit };
  const done = await evaluateOnQueue(
    { cards, set, preprocess, work, out, queue, root },
    {
      ...optionsOf({ ...flags, provider }, tools),
      piece: flags['piece-images'],
      ...{ endpoint, cache, onNote: tools.note },
    },
  );
  const isOne = models === undefined;
  if (isOne && done.failures[0]) throw done.failures[0].error;
  return describeEvaluated(done, isOne, join(root, out), tools);
}

/** What became of models; `isOne` where one was asked for by its own name. */
async function describeEvaluated(
  { evaluated, failures }: EvaluatedModels,
  isOne: boolean,
  out: string,
  tools: Tools,
): Promise<Outcome> {
  for (const one of evaluated) noteWhatWasReused(one, tools);
  if (isOne) return describeScorecard(evaluated[0]!.scorecard, evaluated[0]!.folder);
  const { byAsma, modelsTable, scorecardNotes } = await import('../score/scorecard-table.js');
  const scorecards = evaluated.map(({ scorecard }) => scorecard);
  const lines = [
    toTerminalTable(modelsTable(scorecards)),
    ...scorecardNotes(scorecards),
    `written to ${out}`,
  ];
  return {
    result: {
      scorecards: evaluated.map(({ folder, scorecard }) => ({ folder, ...scorecard })).sort(byAsma),
      failures: failures.map(toResult),
    },
    ...(evaluated.length > 0 ? { text: lines.join('\n') } : {}),
    problems: failures.map(toProblem),
  };
}

/** Does one part of the images, of each model. */
async function evaluatePart(models: OpenedModels, shard: Shard, tools: Tools): Promise<Outcome> {
  const { evaluateShard } = await import('../cluster/evaluation-parts.js');
  const work = async (
    input: EvaluateInput,
    options: EvaluateOptions,
  ): Promise<Part & { model: string }> => ({
    model: input.card.name,
    ...(await evaluateShard({ ...input, shard }, options)),
  });
  const { done, failures } = await withEach(work, models, tools);
  const rows = done.map(({ model, images, reused, folder }) => [
    ...[model, images, reused ? 'yes' : 'no', folder],
  ]);
  return {
    result: { parts: done, failures: failures.map(toResult) },
    ...(done.length > 0
      ? { text: toTerminalTable({ head: ['model', 'images', 'was there', 'part'], rows }) }
      : {}),
    problems: failures.map(toProblem),
  };
}

function toResult({ card, error: { code, message } }: FailedModel): object {
  return { card, code, message };
}

function toProblem({ card, error }: FailedModel): string {
  return `patchml: ${card} failed: ${error.message}`;
}

function optionsOf(flags: ResolvedFlags, { signal, onProgress }: Tools): EvaluateOptions {
  const { provider, batch, jobs, seed, resamples, overwrite } = flags;
  const maxGroup = flags['max-group'];
  return { provider, batch, jobs, seed, resamples, maxGroup, overwrite, signal, onProgress };
}

function noteWhatWasReused({ scorecard, predictions }: Evaluated, { note }: Tools): void {
  const { folder, reused, summary } = predictions;
  if (reused)
    note(`${scorecard.model.name}: reusing the predictions of an earlier run (${folder})`);
  if (summary.onCpu) {
    const operators = Object.entries(summary.onCpu).map(([name, nodes]) => `${name} (${nodes})`);
    note(
      `${scorecard.model.name}: ${summary.provider} leaves to the processor: ${operators.join(', ')}`,
    );
  }
  if (summary.bad.length > 0) {
    const [{ id, problem }] = summary.bad as [{ id: string; problem: string }];
    note(
      `${summary.bad.length} images could not be decoded and are left out; the first is ${id}: ${problem}`,
    );
  }
}
