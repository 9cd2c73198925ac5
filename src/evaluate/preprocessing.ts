import type { EvaluationSet } from './evaluation-set.js';
import type { ModelCard, Preprocessing } from './model-card.js';

/** `card`: the model's own resize and crop; `whole`: the image scaled to the input, none of it cut. */
export const PREPROCESSING_CHOICES = ['card', 'whole'] as const;
export type PreprocessingChoice = (typeof PREPROCESSING_CHOICES)[number];

/**
 * How images of a set are brought to a model. PatchML images are taken whole unless told otherwise:
 * a crop could cut an object that the labels name.
 */
export function choosePreprocessing(
  { input, resize }: ModelCard,
  { kind }: Pick<EvaluationSet, 'kind'>,
  choice: PreprocessingChoice = kind === 'patchml' ? 'whole' : 'card',
): Preprocessing {
  if (choice === 'card') return { input, resize };
  return { input, resize: { ...resize, mode: 'squash', cropFraction: 1 } };
}
