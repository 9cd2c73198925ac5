import { join } from 'node:path';
import type { Argv, InferredOptionTypes } from 'yargs';
import type { NewScorecard } from '../score/scorecard.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { toTerminalTable } from '../text.js';
import { SCORES, shared, wholeNumber } from './flags.js';
import { type Outcome, UsageError } from './run.js';

/** No image has more labels than there are classes. */
const MAX_GROUP = 1000;

/** The flags of every command that scores. */
const scoresFlags = {
  seed: shared.seed,
  resamples: shared.resamples,
  'max-group': {
    ...wholeNumber('max-group', 'Images with more labels than this form one subgroup', MAX_GROUP),
    group: SCORES,
    default: 5,
  },
  out: {
    ...shared.out,
    default: join('output', 'scores'),
    describe: 'Folder of scores; writes <out>/<set>/<model>',
  },
  overwrite: {
    ...shared.overwrite,
    describe: 'Replace scores of another set, model or preprocessing',
  },
} as const;

/** The flags' values. */
export type ScoresFlags = InferredOptionTypes<typeof scoresFlags>;

/** Adds the flags to a command. */
export function withScoresFlags<T>(args: Argv<T>): Argv<T & ScoresFlags> {
  return args.options(scoresFlags) as unknown as Argv<T & ScoresFlags>;
}

/** What a command prints of a scorecard, and where it is. */
export async function describeScorecard(scorecard: NewScorecard, folder: string): Promise<Outcome> {
  const { scorecardNotes, scorecardTable } = await import('../score/scorecard-table.js');
  const lines = [
    `${scorecard.model.name} on ${scorecard.set.name}`,
    toTerminalTable(scorecardTable(scorecard)),
    ...scorecardNotes([scorecard]),
    `written to ${folder}`,
  ];
  return { result: { folder, ...scorecard }, text: lines.join('\n') };
}

/** Where the help lists the flags of the evaluation set. */
export const EVALUATION_SET = 'Evaluation set:';

/** The flags of every command that works on an evaluation set. */
export const evaluationSetFlags = {
  dataset: {
    alias: 'd',
    type: 'string',
    group: EVALUATION_SET,
    describe: 'A PatchML dataset, an ImageNetV2 folder, or class folders named by synset',
  },
  images: {
    alias: 'i',
    type: 'string',
    group: EVALUATION_SET,
    describe: "ImageNet's validation images (a folder or the official .tar), or any other images",
  },
  labels: {
    alias: 'l',
    type: 'string',
    group: EVALUATION_SET,
    describe:
      'Valid classes: real.json, human_accuracy_v3.0.0.json, or a JSON or CSV of file,labels',
  },
  originals: {
    type: 'string',
    group: EVALUATION_SET,
    describe:
      'Original labels: LOC_val_solution.csv, ILSVRC2012_validation_ground_truth.txt, or file,label',
  },
  'multi-label-rule': {
    group: EVALUATION_SET,
    choices: ['authors', 'tfds'] as const,
    describe: 'Which classes of human_accuracy_v3.0.0.json are valid',
  },
} as const;

/** The flags' values. */
export type EvaluationSetFlags = InferredOptionTypes<typeof evaluationSetFlags>;

/** Adds the flags to a command. */
export function withEvaluationSetFlags<T>(args: Argv<T>): Argv<T & EvaluationSetFlags> {
  return args.options(evaluationSetFlags).check(({ dataset, images, labels, originals }) => {
    if ((dataset ?? images ?? labels ?? originals) === undefined) {
      throw new UsageError('pass the images to score on: --dataset, or --images and --labels');
    }
    if (dataset !== undefined && images !== undefined) {
      throw new UsageError('--dataset and --images cannot be used together');
    }
    return true;
  }) as unknown as Argv<T & EvaluationSetFlags>;
}

/** Opens the set that the flags name. */
export async function openSetOf(flags: EvaluationSetFlags): Promise<EvaluationSet> {
  const { openEvaluationSet } = await import('../sets/open-set.js');
  const { dataset, images, labels, originals } = flags;
  const multiLabelRule = flags['multi-label-rule'];
  return openEvaluationSet({ dataset, images, labels, originals, multiLabelRule });
}
