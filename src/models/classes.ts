import { EvaluationError } from '../errors.js';
import { type ClassIndex, classNames, classOf } from '../imagenet/synsets.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import type { ModelCard } from './card.js';

/** Which class each output of a model stands for. */
export interface ClassMapping {
  /** Outputs per row. */
  outputs: number;
  /** The class index of each output; -1 for the background class, which is never ranked. */
  classes: Int16Array;
}

/** ImageNet's classes: the columns of scores, whatever classes a model has. */
export const CLASS_COUNT = classNames().length;

/** The mapping that a card names. */
export function classMapping(card: Pick<ModelCard, 'classes'>): ClassMapping {
  const classes = Int16Array.from(classesOf(card));
  return { outputs: classes.length, classes };
}

function classesOf({ classes }: Pick<ModelCard, 'classes'>): number[] {
  const all = Array.from({ length: CLASS_COUNT }, (_, index) => index);
  if (classes === 'imagenet-1k') return all;
  if (classes === 'imagenet-1k-background') return [-1, ...all];
  return classes.map((wnid) => classOf(wnid)!);
}

/** What of a set a model can never get right. */
export interface MissingClasses {
  /** Classes of the set that the model does not have. */
  classes: number;
  /** Of so many classes. */
  of: number;
  /** Images that have one of them as a label. */
  images: number;
}

/**
 * The classes of a set that a model does not have.
 *
 * @throws EvaluationError `model-other-classes` where it has none of them: every score would be 0
 */
export function missingClasses(
  card: Pick<ModelCard, 'classes' | 'model'>,
  { name, labels, originals }: Pick<EvaluationSet, 'name' | 'labels' | 'originals'>,
): MissingClasses {
  const known = new Set<number>(classesOf(card));
  const rightFor = (image: number): readonly ClassIndex[] =>
    originals === undefined ? labels[image]! : [...labels[image]!, originals[image]!];
  const all = new Set(labels.flatMap((_, image) => rightFor(image)));
  const missing = new Set([...all].filter((label) => !known.has(label)));
  if (all.size > 0 && missing.size === all.size) {
    throw new EvaluationError(
      `none of its ${known.size} classes is a label of any image of ${name}`,
      {
        code: 'model-other-classes',
        path: card.model,
        fix: 'evaluate it on images of its classes, or correct `classes` in its card',
      },
    );
  }
  const images = labels.filter((_, image) => rightFor(image).some((label) => missing.has(label)));
  return { classes: missing.size, of: all.size, images: images.length };
}

/**
 * Puts a model's outputs in class order, [rows x 1,000]. A class that the model does not have gets
 * `absent`, which must be below all of its scores, so that it is ranked last.
 */
export function mapClasses(
  outputs: Float32Array,
  { outputs: width, classes }: ClassMapping,
  absent: number,
): Float32Array {
  const isIdentity = width === CLASS_COUNT && classes.every((label, output) => label === output);
  if (isIdentity) return outputs;
  const rows = outputs.length / width;
  const scores = new Float32Array(rows * CLASS_COUNT).fill(absent);
  for (let row = 0; row < rows; row += 1) {
    for (let output = 0; output < width; output += 1) {
      const label = classes[output]!;
      if (label >= 0) scores[row * CLASS_COUNT + label] = outputs[row * width + output]!;
    }
  }
  return scores;
}
