import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Argv, CommandModule, InferredOptionTypes } from 'yargs';
import { findModelCard, matchCards, PREPROCESSING_CHOICES } from '../models/card.js';
import { PROVIDERS } from '../models/session.js';
import type { StageOptions } from '../progress.js';
import {
  type Evaluated,
  evaluateModel,
  evaluateModels,
  type EvaluateOptions,
} from '../score/evaluate.js';
import { byAsma, modelsTable, scorecardNotes } from '../score/scorecard-table.js';
import { scoresFolder } from '../score/scores-folder.js';
import { type EvaluationSet, firstImages } from '../sets/evaluation-set.js';
import { toTerminalTable } from '../text.js';
import { requireJobs, requireWhole } from './flags.js';
import { interruptible, showProgress, UsageError } from './run.js';
import {
  type EvaluationSetFlags,
  openSetOf,
  printScorecard,
  type ScoresFlags,
  withEvaluationSetFlags,
  withScoresFlags,
} from './score-flags.js';

const modelFlags = {
  model: { alias: 'm', type: 'string', describe: 'An .onnx file that has a card, or a card' },
  models: { type: 'array', string: true, describe: "Cards: 'configs/models/*.yaml'" },
  preprocess: {
    choices: PREPROCESSING_CHOICES,
    describe:
      "card: the model's own resize and crop; whole: no crop  [default: whole on PatchML, else card]",
  },
  provider: { choices: PROVIDERS, default: 'cpu', describe: 'Where onnxruntime runs the model' },
  batch: { type: 'number', describe: 'Images of one run  [default: 16, or what the model allows]' },
  limit: { type: 'number', describe: 'Use only the first N images' },
  jobs: {
    alias: 'j',
    type: 'number',
    default: availableParallelism(),
    defaultDescription: 'one a core',
    describe: 'Threads that prepare images, and threads of the model',
  },
  out: {
    alias: 'o',
    type: 'string',
    default: join('output', 'scores'),
    describe: 'Scorecards go to <out>/<set>/<model>',
  },
  work: {
    type: 'string',
    default: join('output', 'work'),
    describe: 'Folder for predictions, used again by later runs',
  },
  quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print errors only' },
  json: { type: 'boolean', default: false, describe: 'Print the scorecards as JSON' },
} as const;

type ModelFlags = InferredOptionTypes<typeof modelFlags>;
type EvaluateFlags = ModelFlags & EvaluationSetFlags & ScoresFlags;

export const evaluateCommand: CommandModule<object, EvaluateFlags> = {
  command: 'evaluate',
  describe: 'Run models on images and score them',
  builder: (args) =>
    withScoresFlags(withEvaluationSetFlags(args.options(modelFlags) as Argv<ModelFlags>))
      .check(({ model, models, batch, limit, jobs }) => {
        if ((model === undefined) === (models === undefined)) {
          throw new UsageError('name what to evaluate: --model or --models');
        }
        requireJobs(jobs);
        if (batch !== undefined) requireWhole('batch', batch);
        if (limit !== undefined) requireWhole('limit', limit);
        return true;
      })
      .example('$0 evaluate -m model.onnx -d output/paper', 'One model on a PatchML dataset')
      .example(
        "$0 evaluate --models 'configs/models/*.yaml' -i val -l real.json --originals LOC_val_solution.csv",
        'Many models on ImageNet val',
      ),
  handler: async (flags) => {
    const cards = flags.models === undefined ? undefined : await matchCards(flags.models);
    const set = firstImages(await openSetOf(flags), flags.limit);
    const progress = showProgress(flags);
    await interruptible(async (signal) => {
      const options = optionsOf(flags, { signal, onProgress: progress.show });
      if (cards === undefined) await evaluateOne(flags.model!, set, flags, options);
      else await evaluateMany(cards, set, flags, options);
    }).finally(progress.stop);
  },
};

function optionsOf(flags: EvaluateFlags, stage: StageOptions): EvaluateOptions {
  const { provider, batch, jobs, seed, resamples, overwrite } = flags;
  const maxGroup = flags['max-group'];
  return { ...stage, provider, batch, jobs, seed, resamples, maxGroup, overwrite };
}

async function evaluateOne(
  model: string,
  set: EvaluationSet,
  flags: EvaluateFlags,
  options: EvaluateOptions,
): Promise<void> {
  const card = await findModelCard(model);
  const { preprocess, work } = flags;
  const out = scoresFolder(flags.out, set, card.name);
  const evaluated = await evaluateModel({ card, set, preprocess, work, out }, options);
  if (!flags.quiet) sayWhatWasReused(evaluated);
  printScorecard(evaluated.scorecard, out, flags);
}

async function evaluateMany(
  cards: readonly string[],
  set: EvaluationSet,
  { preprocess, work, out, quiet, json }: EvaluateFlags,
  options: EvaluateOptions,
): Promise<void> {
  const { evaluated, failures } = await evaluateModels(
    { cards, set, preprocess, work, out },
    {
      ...options,
      onModel: (card, index) => {
        if (cards.length > 1 && !quiet) console.error(`${card} (${index + 1} of ${cards.length})`);
      },
    },
  );
  if (!quiet) evaluated.forEach(sayWhatWasReused);
  const scorecards = evaluated.map(({ scorecard }) => scorecard);
  if (json) {
    const made = evaluated.map(({ folder, scorecard }) => ({ folder, ...scorecard })).sort(byAsma);
    const failed = failures.map(({ card, error: { code, message } }) => ({ card, code, message }));
    console.log(JSON.stringify({ scorecards: made, failures: failed }, null, 2));
  } else if (!quiet && evaluated.length > 0) {
    console.log(toTerminalTable(modelsTable(scorecards)));
    for (const note of scorecardNotes(scorecards)) console.log(note);
    console.log(`written to ${out}`);
  }
  for (const { card, error } of failures)
    console.error(`patchml: ${card} failed: ${error.message}`);
  if (failures.length > 0) process.exitCode = 1;
}

function sayWhatWasReused({ scorecard, predictions }: Evaluated): void {
  const { folder, reused, summary } = predictions;
  if (reused)
    console.error(`${scorecard.model.name}: predictions of an earlier run used again (${folder})`);
  if (summary.bad.length > 0) {
    const [{ id, problem }] = summary.bad as [{ id: string; problem: string }];
    console.error(
      `${summary.bad.length} images could not be decoded and are left out; the first, ${id}: ${problem}`,
    );
  }
}
