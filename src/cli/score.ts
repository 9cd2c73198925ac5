import { parse } from 'node:path';
import type { Argv, CommandModule, InferredOptionTypes } from 'yargs';
import { examples, shared } from './flags.js';
import { run } from './run.js';
import {
  describeScorecard,
  type EvaluationSetFlags,
  openSetOf,
  type ScoresFlags,
  withEvaluationSetFlags,
  withScoresFlags,
} from './score-flags.js';

/** Where the help lists the flags of the predictions. */
const PREDICTIONS = 'Predictions:';

const predictionFlags = {
  predictions: {
    alias: 'p',
    type: 'string',
    group: PREDICTIONS,
    demandOption: true,
    describe: 'Scores of the 1,000 classes, or ranked classes: .npy, .npz, .csv or .parquet',
  },
  ids: {
    type: 'string',
    group: PREDICTIONS,
    describe: 'A file of image ids, one per row, if the predictions have none',
  },
  'id-column': { type: 'string', group: PREDICTIONS, describe: 'The column of image ids' },
  key: {
    type: 'string',
    group: PREDICTIONS,
    describe: 'The array of an .npz, or the column of the predictions',
  },
  ranked: {
    type: 'boolean',
    group: PREDICTIONS,
    default: false,
    describe: 'The file holds class indices, best first, not scores',
  },
  scores: {
    choices: ['logits', 'probabilities', 'quantised'] as const,
    describe: 'What the scores are  [default: probabilities if every row sums to 1]',
  },
  model: {
    alias: 'm',
    type: 'string',
    group: PREDICTIONS,
    describe: "The model's name",
    defaultDescription: "the file's name",
  },
  quiet: shared.quiet,
  json: { ...shared.json, describe: 'Print the scorecard as JSON' },
} as const;

type PredictionFlags = InferredOptionTypes<typeof predictionFlags>;
type ScoreFlags = PredictionFlags & EvaluationSetFlags & ScoresFlags;

export const scoreCommand: CommandModule<object, ScoreFlags> = {
  command: 'score',
  describe: 'Score predictions made by other tools',
  builder: (args) =>
    withScoresFlags(
      withEvaluationSetFlags(args.options(predictionFlags) as Argv<PredictionFlags>),
    ).epilogue(
      examples(
        [
          "Logits for ImageNet's validation set, against ReaL and original labels",
          'score -p logits.npy --labels real.json --originals LOC_val_solution.csv',
        ],
        ['Ranked classes for a PatchML dataset', 'score -p top5.csv --ranked -d output/paper'],
      ),
    ),
  handler: run(async (flags, tools) => {
    const { scoreFile } = await import('../score/score-file.js');
    const { scoresFolder } = await import('../score/scores-folder.js');
    const { predictions, seed, resamples, overwrite, ids, key } = flags;
    const set = await openSetOf(flags);
    const model = flags.model ?? parse(predictions).name;
    const out = scoresFolder(flags.out, set, model);
    const { scorecard } = await scoreFile(
      { predictions, set, model, out },
      {
        ...tools,
        kind: flags.ranked ? 'ranked' : undefined,
        scale: flags.scores,
        idColumn: flags['id-column'],
        ids,
        key,
        seed,
        resamples,
        maxGroup: flags['max-group'],
        overwrite,
      },
    );
    return describeScorecard(scorecard, out);
  }),
};
