import { resolve } from 'node:path';
import { EvaluationError } from '../errors.js';
import { type ImagePlace, openImages, withoutExtension } from '../imagenet/images.js';
import { type ClassIndex, classOf } from '../imagenet/synsets.js';
import { applyLabels } from './apply-labels.js';
import { count, type EvaluationSet, finishSet, type SetHead } from './evaluation-set.js';
import type { Labels } from './labels.js';
import { type OriginalLabels, VAL_IMAGES, valId, valPosition } from './original-labels.js';

/** What was given of the validation set: at least one of these. */
export interface ValidationInput {
  /** A folder or the official `.tar`; without it the set is all 50,000 images, by id. */
  images: string | undefined;
  labels: Exclude<Labels, { form: 'image-labels' }> | undefined;
  /** Without it, the class folders that the images lie in, or the synsets in their names. */
  originals: { path: string; classes: OriginalLabels } | undefined;
}

/** An image of the validation set. */
interface ValidationImage {
  id: string;
  /** In id order, 0 to 49,999. */
  position: number;
  place?: ImagePlace;
  original?: ClassIndex | undefined;
}

/**
 * Opens ImageNet's validation set, or the part of it that is there, in id order.
 * @throws EvaluationError where no image is of it, or none of the labels is known
 */
export async function openValidationSet(input: ValidationInput): Promise<EvaluationSet> {
  const { images: given, labels, originals } = input;
  const leftOut: Record<string, number> = {};
  const { store, images } = given === undefined ? allOfThem() : await openPart(given, leftOut);
  const withOriginals = addOriginals(images, originals);
  const path = given === undefined ? (labels?.path ?? originals!.path) : resolve(given);
  const { rule, items } = applyLabels(withOriginals, labels, path);
  return finishSet({ name: 'imagenet-val', kind: 'imagenet', rule, store }, items, leftOut, path);
}

function allOfThem(): { store: undefined; images: ValidationImage[] } {
  const images = Array.from({ length: VAL_IMAGES }, (_, position) => ({
    id: valId(position),
    position,
  }));
  return { store: undefined, images };
}

async function openPart(
  given: string,
  leftOut: Record<string, number>,
): Promise<{ store: SetHead['store']; images: ValidationImage[] }> {
  const { path, places, fingerprint, hidden } = await openImages(given);
  if (hidden > 0) leftOut['hidden'] = hidden;
  const images: ValidationImage[] = [];
  for (const [id, place] of places) {
    const position = valPosition(id);
    if (position === undefined) count(leftOut, 'not-validation');
    else images.push({ id, position, place });
  }
  if (images.length === 0) {
    throw new EvaluationError(
      `none of its ${places.size} images is a validation image (ILSVRC2012_val_00000001, ...)`,
      {
        code: 'evaluation-not-validation',
        path,
        fix: 'pass another set as --dataset, or its labels by file name as --labels',
      },
    );
  }
  images.sort((a, b) => a.position - b.position);
  return { store: { path, fingerprint }, images };
}

/** From the file; else from the class folders or names, where all have a synset; else none. */
function addOriginals(
  images: readonly ValidationImage[],
  originals: ValidationInput['originals'],
): readonly ValidationImage[] {
  if (originals === undefined) {
    const classes = images.map(({ place }) => place && classOf(synsetIn(place.file)));
    if (classes.includes(undefined)) return images;
    return images.map((image, index) => ({ ...image, original: classes[index] }));
  }
  const { path, classes } = originals;
  const without = images.filter(({ position }) => classes[position] === undefined);
  if (without.length > 0) {
    throw new EvaluationError(
      `${without.length} of the set's images are not in it, first ${without[0]!.id}`,
      { code: 'originals-incomplete', path, fix: 'pass a file for all 50,000 validation images' },
    );
  }
  return images.map((image) => ({ ...image, original: classes[image.position] }));
}

/** Of the folder it lies in, or else of the end of its name. */
function synsetIn(file: string): string {
  const parts = withoutExtension(file).split('/');
  const folder = parts.at(-2) ?? '';
  return classOf(folder) === undefined ? (parts.at(-1)!.split('_').at(-1) ?? '') : folder;
}
