import { basename, join, resolve } from 'node:path';
import type { Argv, CommandModule, InferredOptionTypes } from 'yargs';
import { sha256File } from '../files/digest.js';
import { PREDICTIONS_FILE } from '../models/run-model.js';
import { alignPredictions, openPredictions } from '../predictions/open.js';
import type { StageOptions } from '../progress.js';
import { scorePredictions } from '../score/score-predictions.js';
import { makeScorecard } from '../score/scorecard.js';
import { requireScoresPlace, writeScores } from '../score/scores-folder.js';
import { interruptible, showProgress } from './run.js';
import {
  type EvaluationSetFlags,
  openSetOf,
  printScorecard,
  type ScoresFlags,
  scoresFolder,
  withEvaluationSetFlags,
  withScoresFlags,
} from './score-flags.js';

const predictionFlags = {
  predictions: {
    alias: 'p',
    type: 'string',
    demandOption: true,
    describe: 'Scores of 1,000 classes or ranked classes: .npy, .npz, .csv or .parquet',
  },
  ids: { type: 'string', describe: 'Image ids of the rows, one a line, where the file has none' },
  'id-column': { type: 'string', describe: 'The column of image ids' },
  key: { type: 'string', describe: 'The array of an .npz, or the column of the predictions' },
  ranked: {
    type: 'boolean',
    default: false,
    describe: 'The file holds class indices, best first, not scores',
  },
  model: {
    alias: 'm',
    type: 'string',
    describe: "The model's name  [default: the file's name]",
  },
  out: {
    alias: 'o',
    type: 'string',
    describe: 'Folder of the scorecard  [default: output/scores/<set>/<model>]',
  },
  quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print errors only' },
  json: { type: 'boolean', default: false, describe: 'Print the scorecard as JSON' },
} as const;

type PredictionFlags = InferredOptionTypes<typeof predictionFlags>;
type ScoreFlags = PredictionFlags & EvaluationSetFlags & ScoresFlags;

export const scoreCommand: CommandModule<object, ScoreFlags> = {
  command: 'score',
  describe: 'Score predictions that were made elsewhere',
  builder: (args) =>
    withScoresFlags(
      withEvaluationSetFlags(args.options(predictionFlags) as Argv<PredictionFlags>),
    ).example(
      '$0 score -p logits.npy --labels real.json --originals LOC_val_solution.csv',
      'Predictions for ImageNet val, against ReaL labels',
    ),
  handler: async (flags) => {
    const progress = showProgress(flags);
    const { scorecard, folder } = await interruptible((signal) =>
      score(flags, { signal, onProgress: progress.show }),
    ).finally(progress.stop);
    printScorecard(scorecard, folder, flags);
  },
};

async function score(flags: ScoreFlags, options: StageOptions) {
  const path = flags.predictions;
  const set = await openSetOf(flags);
  const model = flags.model ?? basename(path).replace(/\.[^.]+$/, '');
  const folder = flags.out ?? scoresFolder(join('output', 'scores'), set, model);
  const { seed, resamples, overwrite } = flags;
  await requireScoresPlace(folder, { set }, overwrite);
  const source = await openPredictions(path, {
    ...(flags.ranked ? { kind: 'ranked' } : {}),
    idColumn: flags['id-column'],
    ids: flags.ids,
    key: flags.key,
  });
  const { body, perImage } = await scorePredictions(source, alignPredictions(source, set), set, {
    ...options,
    seed,
    resamples,
    maxGroup: flags['max-group'],
  });
  const predictions = { path, sha256: sha256File(path) };
  const scorecard = makeScorecard(body, { model: { name: model }, predictions });
  // What `evaluate` left there is not lost by scoring it again.
  const isThere = resolve(path) === resolve(folder, PREDICTIONS_FILE);
  const kept = isThere ? path : undefined;
  await writeScores(folder, scorecard, perImage, { overwrite, predictions: kept });
  return { scorecard, folder };
}
