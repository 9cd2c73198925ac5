import type { Argv, InferredOptionTypes } from 'yargs';
import { scorecardNotes, scorecardTable } from '../score/scorecard-table.js';
import type { NewScorecard } from '../score/scorecard.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { openEvaluationSet } from '../sets/open-set.js';
import { toTerminalTable } from '../text.js';
import { requireResamples, requireWhole } from './flags.js';
import { UsageError } from './run.js';

/** No image has more labels than there are classes. */
const MAX_GROUP = 1000;

/** The flags of every command that scores. */
const scoresFlags = {
  seed: { type: 'string', default: '42', describe: 'Of the bootstrap' },
  resamples: { type: 'number', default: 1000, describe: 'Bootstrap resamples for the intervals' },
  'max-group': {
    type: 'number',
    default: 5,
    describe: 'Images with more labels than this form one subgroup',
  },
  overwrite: {
    type: 'boolean',
    default: false,
    describe: 'Replace scores on another set or under another preprocessing',
  },
} as const;

/** The flags' values. */
export type ScoresFlags = InferredOptionTypes<typeof scoresFlags>;

/** Adds the flags to a command. */
export function withScoresFlags<T>(args: Argv<T>): Argv<T & ScoresFlags> {
  return args.options(scoresFlags).check((flags) => {
    requireResamples(flags.resamples);
    requireWhole('max-group', flags['max-group'], MAX_GROUP);
    return true;
  }) as unknown as Argv<T & ScoresFlags>;
}

/** Prints a scorecard and where it is. */
export function printScorecard(
  scorecard: NewScorecard,
  folder: string,
  { json, quiet }: { json: boolean; quiet: boolean },
): void {
  if (json) {
    console.log(JSON.stringify({ folder, ...scorecard }, null, 2));
    return;
  }
  if (quiet) return;
  console.log(`${scorecard.model.name} on ${scorecard.set.name}`);
  console.log(toTerminalTable(scorecardTable(scorecard)));
  for (const note of scorecardNotes([scorecard])) console.log(note);
  console.log(`written to ${folder}`);
}

/** The flags of every command that works on an evaluation set. */
const evaluationSetFlags = {
  dataset: {
    alias: 'd',
    type: 'string',
    describe: 'A PatchML dataset, an ImageNetV2 folder, or class folders named by synset',
  },
  images: {
    alias: 'i',
    type: 'string',
    describe: "ImageNet's validation images, a folder or the official .tar, or any images",
  },
  labels: {
    alias: 'l',
    type: 'string',
    describe:
      'Valid classes: real.json, human_accuracy_v3.0.0.json, or a JSON or CSV of file,labels',
  },
  originals: {
    type: 'string',
    describe: 'Original labels: LOC_val_solution.csv or ILSVRC2012_validation_ground_truth.txt',
  },
  'multi-label-rule': {
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
      throw new UsageError('name the images to score on: --dataset, or --images and --labels');
    }
    if (dataset !== undefined && images !== undefined) {
      throw new UsageError('--dataset and --images both name images; give one of them');
    }
    return true;
  }) as unknown as Argv<T & EvaluationSetFlags>;
}

/** Opens the set that the flags name. */
export function openSetOf(flags: EvaluationSetFlags): Promise<EvaluationSet> {
  const { dataset, images, labels, originals } = flags;
  const multiLabelRule = flags['multi-label-rule'];
  return openEvaluationSet({ dataset, images, labels, originals, multiLabelRule });
}
