import { EvaluationError } from '../errors.js';
import type { LabelRule, SetItem } from './evaluation-set.js';
import type { ImageLabels } from './image-labels.js';
import { shownValue } from './label-file.js';
import type { Labels } from './labels.js';
import { matchFiles, refuseAmbiguous } from './match-files.js';
import type { MultiLabel, MultiLabels } from './multi-labels.js';
import { valPosition } from './original-labels.js';

/** An image before its labels are known. */
export type UnlabelledItem = Omit<SetItem, 'labels'>;

/**
 * Gives images the labels that a file has for them, or without one their original labels.
 * @param path what the images are of, as errors name it
 * @throws EvaluationError where the labels are of other images, or nothing says what is in them
 */
export function applyLabels(
  images: readonly UnlabelledItem[],
  labels: Labels | undefined,
  path: string,
): { rule: LabelRule; items: SetItem[] } {
  switch (labels?.form) {
    case undefined:
      return { rule: 'original', items: applyOriginals(images, path) };
    case 'real':
      return { rule: 'real', items: applyReal(images, labels) };
    case 'multi-label':
      return {
        rule: `multi-label-${labels.rule}`,
        items: applyMultiLabels(images, labels.multiLabels, labels.path),
      };
    case 'image-labels': {
      const files = images.map(({ id, place }) => place?.file ?? id);
      const listed = findListed(labels.rows, files, labels.path);
      const items = images.map((image, at) => ({ ...image, labels: listed[at]?.labels ?? [] }));
      return { rule: 'given', items };
    }
  }
}

function applyOriginals(images: readonly UnlabelledItem[], path: string): SetItem[] {
  return images.map((image) => {
    if (image.original !== undefined) return { ...image, labels: [image.original] };
    throw new EvaluationError('its images have no labels', {
      code: 'evaluation-no-labels',
      path,
      fix: "pass ReaL's real.json as --labels, or a LOC_val_solution.csv as --originals",
    });
  });
}

function applyReal(
  images: readonly UnlabelledItem[],
  { path, lists }: Extract<Labels, { form: 'real' }>,
): SetItem[] {
  return images.map((image) => {
    const position = valPosition(image.id);
    if (position !== undefined) return { ...image, labels: lists[position]! };
    throw new EvaluationError("ReaL's labels are for the validation set", {
      code: 'evaluation-labels-misfit',
      path,
      fix: 'pass the validation images as --images, not --dataset',
    });
  });
}

function applyMultiLabels(
  images: readonly UnlabelledItem[],
  { labelsOf }: MultiLabels,
  path: string,
): SetItem[] {
  const found = labelsOf(images.map(({ id }) => id));
  if (images.length > 0 && found.every((label) => label === undefined)) {
    throw new EvaluationError('it labels no image of the set', {
      code: 'evaluation-labels-misfit',
      path,
      fix: 'it is for the ImageNet validation set and ImageNetV2; check --labels',
    });
  }
  return images.map((image, at) => ({ ...image, ...judge(found[at]) }));
}

function judge(label: MultiLabel | undefined): Pick<SetItem, 'labels' | 'reason'> {
  if (label === undefined) return { labels: [] };
  if (label === 'problematic') return { labels: [], reason: 'problematic' };
  return { labels: label, reason: label.length === 0 ? 'no-valid-label' : undefined };
}

/**
 * Finds the row of each image, see {@link matchFiles}. A list may be of more images than the set has,
 * and the set may have more than are listed.
 * @param files the images' paths, or their ids
 * @returns undefined where no row is of an image
 * @throws EvaluationError where some rows are of no image and some images in no row: then one of the
 *   two has other names than are meant
 */
export function findListed(
  rows: readonly ImageLabels[],
  files: readonly string[],
  path: string,
): (ImageLabels | undefined)[] {
  const names = rows.map(({ file }) => file);
  const { listed, missing, ambiguous } = matchFiles(names, files);
  const unclear = ambiguous.map((at) => names[at]!);
  refuseAmbiguous(unclear, path);
  const unlisted = listed.indexOf(-1);
  if (missing.length === 0 || unlisted === -1) return listed.map((at) => rows[at]);
  const others = listed.filter((at) => at === -1).length;
  throw new EvaluationError(
    `${missing.length} of the ${rows.length} images listed in it are not in the folder, first ${shownValue(names[missing[0]!])}, and ${others} of the ${files.length} images are not listed, first ${shownValue(files[unlisted])}`,
    { code: 'evaluation-image-missing', path, fix: 'list files by their paths from the folder' },
  );
}
