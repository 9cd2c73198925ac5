import { basename } from 'node:path';
import { EvaluationError } from '../errors.js';
import { byteOrder } from '../files/byte-order.js';
import { withoutExtension } from '../imagenet/image-names.js';
import { type ImagePlace, listImages } from '../imagenet/image-source.js';
import type { ImageLabels } from '../imagenet/labels/parse-image-labels.js';
import type { Labels } from '../imagenet/labels/read-labels.js';
import { applyMultiLabels, findListed } from './apply-labels.js';
import { inClassFolders, type FolderImage } from './class-folders.js';
import type { EvaluationSet } from './evaluation-set.js';
import { count, finishSet, type SetHead, type SetItem } from './finish-set.js';

/**
 * Opens a folder whose sub-folders are classes: ImageNetV2, or any images in folders named by wnid.
 * Without class folders, a file of files and labels must say what the classes are.
 * @param folder absolute
 * @throws EvaluationError where the folder is of no known form, or the labels are of other images
 */
export async function openClassFolders(
  folder: string,
  labels: Labels | undefined,
): Promise<EvaluationSet> {
  const { places, fingerprint } = await listImages(folder);
  const leftOut: Record<string, number> = {};
  const found = inClassFolders(places, leftOut, folder);
  if (found === undefined) {
    if (labels?.form === 'image-labels') return openListedImages(folder, labels);
    throw unknownForm(folder, places.length);
  }
  const kind = found.form === 'numbers' ? 'imagenet-v2' : 'labelled-images';
  const { rule, items } = toItems(found.images, labels);
  const store = { path: folder, fingerprint };
  return finishSet({ name: nameOf(folder), kind, rule, store }, items, leftOut, folder);
}

/**
 * Opens the images of a folder that are listed in a file of files and labels.
 * @param folder absolute; undefined: the labels alone, which is enough to score
 * @throws EvaluationError where a listed image is not in the folder
 */
export async function openListedImages(
  folder: string | undefined,
  { path, rows }: { path: string; rows: readonly ImageLabels[] },
): Promise<EvaluationSet> {
  const rule = 'given';
  const kind = 'labelled-images';
  if (folder === undefined) {
    const name = basename(path).replace(/\.(json|csv)$/i, '');
    const items = rows.map((row) => toItem(row));
    return finishSet({ name, kind, rule, store: undefined }, sortById(items), {}, path);
  }
  const { places, fingerprint } = await listImages(folder);
  const listed = findListed(rows, places, path);
  const leftOut: Record<string, number> = {};
  const items = places.flatMap((place, index) => {
    const row = listed[index];
    if (row !== undefined) return [toItem(row, place)];
    count(leftOut, 'not-listed');
    return [];
  });
  const store = { path: folder, fingerprint };
  const head = { name: basename(folder), kind, rule, store } as const;
  return finishSet(head, sortById(items), leftOut, folder);
}

/** Where every image has one label, it is the original label too: see {@link finishSet}. */
function toItem({ file, labels }: ImageLabels, place?: ImagePlace): SetItem {
  const original = labels.length === 1 ? labels[0] : undefined;
  return { id: withoutExtension(file), place, labels, original };
}

function toItems(
  images: readonly FolderImage[],
  labels: Labels | undefined,
): { rule: SetHead['rule']; items: SetItem[] } {
  switch (labels?.form) {
    case undefined:
      return {
        rule: 'original',
        items: images.map((image) => ({ ...image, labels: [image.original] })),
      };
    case 'multi-label':
      return {
        rule: `multi-label-${labels.rule}`,
        items: applyMultiLabels(images, labels.multiLabels, labels.path),
      };
    case 'image-labels': {
      const listed = findListed(labels.rows, placesOf(images), labels.path);
      return {
        rule: 'given',
        items: images.map((image, index) => ({ ...image, labels: listed[index]?.labels ?? [] })),
      };
    }
    case 'real':
      throw new EvaluationError("ReaL's labels are of the validation set", {
        code: 'evaluation-labels-misfit',
        path: labels.path,
        fix: 'give the validation images with --images, not --dataset',
      });
  }
}

/** The same order with and without images, and in whatever order the file lists them. */
function sortById(items: readonly SetItem[]): SetItem[] {
  return [...items].sort((a, b) => byteOrder(a.id, b.id));
}

function placesOf(images: readonly FolderImage[]): ImagePlace[] {
  return images.map(({ place }) => place);
}

/** `imagenetv2-matched-frequency-format-val` is what ImageNetV2's archive unpacks to. */
function nameOf(folder: string): string {
  return basename(folder).replace(/^(imagenetv2-.+)-format-val$/, '$1');
}

function unknownForm(path: string, images: number): EvaluationError {
  return new EvaluationError(
    `this is no set that is known: ${images} images, none in a folder of a class`,
    {
      code: 'evaluation-unknown-form',
      path,
      fix: 'give a PatchML dataset, an ImageNetV2 folder (class folders 0 to 999), a folder of class folders (n01440764, ...), or any images with --labels',
    },
  );
}
