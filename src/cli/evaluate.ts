import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Argv, CommandModule, InferredOptionTypes } from 'yargs';
import { AbortedError, EvaluationError, PatchmlError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { findModelCard, matchCards, PREPROCESSING_CHOICES } from '../models/card.js';
import { PROVIDERS } from '../models/session.js';
import { type Evaluated, evaluateModel, type EvaluateOptions } from '../score/evaluate-model.js';
import { byAsma, modelsTable, scorecardNotes } from '../score/scorecard-table.js';
import { type EvaluationSet, firstImages } from '../sets/evaluation-set.js';
import { toTerminalTable } from '../text.js';
import { requireJobs, requireWhole } from './flags.js';
import { interruptible, showProgress, UsageError } from './run.js';
import {
  type EvaluationSetFlags,
  folderName,
  openSetOf,
  printScorecard,
  type ScoresFlags,
  scoresFolder,
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
    const cards = flags.models === undefined ? [flags.model!] : await matchCards(flags.models);
    await requireApart(cards);
    const set = firstImages(await openSetOf(flags), flags.limit);
    const { evaluated, failures } = await evaluateAll(cards, set, flags);
    print(evaluated, failures, flags);
    if (failures.length > 0) process.exitCode = 1;
  },
};

/** Models of one name would write over each other. Cards that are wrong say so in their turn. */
async function requireApart(cards: readonly string[]): Promise<void> {
  const taken = new Map<string, string>();
  for (const path of cards) {
    const card = await findModelCard(path).catch(() => undefined);
    if (!card) continue;
    const folder = folderName(card.name);
    const other = taken.get(folder);
    if (other !== undefined) {
      throw new EvaluationError(`the scores of this model would go where those of ${other} go`, {
        code: 'cards-same-name',
        path,
        fix: 'give one of the two another "name", or evaluate them with different --out',
      });
    }
    taken.set(folder, path);
  }
}

interface Failure {
  card: string;
  error: PatchmlError;
}

interface Done extends Evaluated {
  folder: string;
}

/** Evaluates one model after the other; one that fails does not keep the others from it. */
async function evaluateAll(
  cards: readonly string[],
  set: EvaluationSet,
  flags: EvaluateFlags,
): Promise<{ evaluated: Done[]; failures: Failure[] }> {
  const evaluated: Done[] = [];
  const failures: Failure[] = [];
  for (const [index, path] of cards.entries()) {
    if (cards.length > 1 && !flags.quiet)
      console.error(`${path} (${index + 1} of ${cards.length})`);
    try {
      evaluated.push(await evaluateOne(path, set, flags));
    } catch (cause) {
      const error = explainError(cause);
      const isLast = flags.models === undefined || error instanceof AbortedError;
      if (isLast || !(error instanceof PatchmlError)) throw error;
      failures.push({ card: path, error });
    }
  }
  return { evaluated, failures };
}

async function evaluateOne(path: string, set: EvaluationSet, flags: EvaluateFlags): Promise<Done> {
  const card = await findModelCard(path);
  const { preprocess, work, provider, batch, jobs, seed, resamples, overwrite } = flags;
  const folder = scoresFolder(flags.out, set, card.name);
  const progress = showProgress(flags);
  return interruptible(async (signal) => {
    const options: EvaluateOptions = {
      provider,
      batch,
      jobs,
      seed,
      resamples,
      maxGroup: flags['max-group'],
      overwrite,
      signal,
      onProgress: progress.show,
    };
    const done = await evaluateModel({ card, set, preprocess, work, out: folder }, options);
    return { ...done, folder };
  }).finally(progress.stop);
}

function print(
  evaluated: readonly Done[],
  failures: readonly Failure[],
  flags: EvaluateFlags,
): void {
  const isOne = flags.models === undefined;
  if (!flags.quiet) evaluated.forEach(sayWhatWasReused);
  if (isOne) {
    const [{ scorecard, folder }] = evaluated as [Done];
    printScorecard(scorecard, folder, flags);
  } else if (flags.json) {
    const scorecards = evaluated
      .map(({ folder, scorecard }) => ({ folder, ...scorecard }))
      .sort(byAsma);
    const failed = failures.map(({ card, error: { code, message } }) => ({ card, code, message }));
    console.log(JSON.stringify({ scorecards, failures: failed }, null, 2));
  } else if (!flags.quiet && evaluated.length > 0) {
    const scorecards = evaluated.map(({ scorecard }) => scorecard);
    console.log(toTerminalTable(modelsTable(scorecards)));
    for (const note of scorecardNotes(scorecards)) console.log(note);
    console.log(`written to ${flags.out}`);
  }
  for (const { card, error } of failures)
    console.error(`patchml: ${card} failed: ${error.message}`);
}

function sayWhatWasReused({ scorecard, predictions }: Done): void {
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
