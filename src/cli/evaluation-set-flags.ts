import type { Argv, InferredOptionTypes } from 'yargs';
import type { EvaluationSet } from '../evaluate/evaluation-set.js';
import { openEvaluationSet } from '../evaluate/open-evaluation-set.js';
import { UsageError } from './exit.js';

/** The flags of every command that works on an evaluation set. */
const evaluationSetFlags = {
  dataset: {
    alias: 'd',
    type: 'string',
    describe: 'A dataset that patchml made, or folders of images by class (ImageNetV2)',
  },
  images: {
    alias: 'i',
    type: 'string',
    describe: 'Images of ImageNet val (folder or .tar), or any that --labels lists',
  },
  labels: {
    alias: 'l',
    type: 'string',
    describe: 'Valid classes of the images: real.json, human_accuracy_v3.0.0.json, JSON or CSV',
  },
  originals: {
    type: 'string',
    describe: 'Original labels of the images, such as LOC_val_solution.csv',
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
  return args.options(evaluationSetFlags).check(({ dataset, images, labels }) => {
    if (dataset === undefined && images === undefined && labels === undefined) {
      throw new UsageError('name the images to score on: --dataset, or --images and --labels');
    }
    if (dataset !== undefined && images !== undefined) {
      throw new UsageError('--dataset has its own images: leave --images out');
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
