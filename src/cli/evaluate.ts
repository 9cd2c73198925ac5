import type { Argv, CommandModule, InferredOptionTypes } from 'yargs';
import type { ModelCard, PreprocessingChoice } from '../models/card.js';
import type { Provider, ProviderChoice } from '../models/provider.js';
import type { Evaluated, EvaluateOptions } from '../score/evaluate.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { toTerminalTable } from '../text.js';
import { examples, providerFlag, providerOf, shared, wholeNumber } from './flags.js';
import { type Outcome, run, type Tools, UsageError } from './run.js';
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

export const evaluateCommand: CommandModule<object, EvaluateFlags> = {
  command: 'evaluate',
  describe: 'Run models on images and score them',
  builder: async (args) => {
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
    return withScoresFlags(withEvaluationSetFlags(args.options(options) as Argv<ModelFlags>))
      .check(({ model, models }) => {
        if ((model === undefined) === (models === undefined)) {
          throw new UsageError('pass either --model or --models');
        }
        return true;
      })
      .epilogue(
        examples(
          ['One model on a PatchML dataset', 'evaluate -m model.onnx -d output/paper'],
          [
            "Many models on ImageNet's validation set with ReaL labels",
            "evaluate --models 'configs/models/*.yaml' -i val -l real.json",
          ],
        ),
      );
  },
  handler: run(async (flags, tools) => {
    const { findModelCard, matchCards } = await import('../models/card.js');
    const { silenceOnnxruntime } = await import('../models/onnxruntime.js');
    const { limitImages } = await import('../sets/evaluation-set.js');
    const { model, models } = flags;
    const cards = models === undefined ? undefined : await matchCards(models);
    const set = limitImages(await openSetOf(flags), flags.limit);
    await silenceOnnxruntime();
    const resolved = { ...flags, provider: await providerOf(flags.provider, tools) };
    if (cards !== undefined) return evaluateMany(cards, set, resolved, tools);
    return evaluateOne(await findModelCard(model!), set, resolved, tools);
  }),
};

async function evaluateOne(
  card: ModelCard,
  set: EvaluationSet,
  flags: ResolvedFlags,
  tools: Tools,
): Promise<Outcome> {
  const { evaluateModel } = await import('../score/evaluate.js');
  const { scoresFolder } = await import('../score/scores-folder.js');
  const { preprocess, work } = flags;
  const out = scoresFolder(flags.out, set, card.name);
  const input = { card, set, preprocess, work, out };
  const evaluated = await evaluateModel(input, optionsOf(flags, tools));
  noteWhatWasReused(evaluated, tools);
  return describeScorecard(evaluated.scorecard, out);
}

async function evaluateMany(
  cards: readonly string[],
  set: EvaluationSet,
  flags: ResolvedFlags,
  tools: Tools,
): Promise<Outcome> {
  const { evaluateModels } = await import('../score/evaluate.js');
  const { byAsma, modelsTable, scorecardNotes } = await import('../score/scorecard-table.js');
  const { preprocess, work, out } = flags;
  const { evaluated, failures } = await evaluateModels(
    { cards, set, preprocess, work, out },
    {
      ...optionsOf(flags, tools),
      onModel: (card, index) => {
        if (cards.length > 1) tools.note(`${card} (${index + 1} of ${cards.length})`);
      },
    },
  );
  for (const one of evaluated) noteWhatWasReused(one, tools);
  const scorecards = evaluated.map(({ scorecard }) => scorecard);
  const lines = [
    toTerminalTable(modelsTable(scorecards)),
    ...scorecardNotes(scorecards),
    `written to ${out}`,
  ];
  return {
    result: {
      scorecards: evaluated.map(({ folder, scorecard }) => ({ folder, ...scorecard })).sort(byAsma),
      failures: failures.map(({ card, error: { code, message } }) => ({ card, code, message })),
    },
    ...(evaluated.length > 0 ? { text: lines.join('\n') } : {}),
    problems: failures.map(({ card, error }) => `patchml: ${card} failed: ${error.message}`),
  };
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
