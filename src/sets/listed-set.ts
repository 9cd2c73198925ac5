import { basename } from 'node:path';
import { byteOrder } from '../files/listing.js';
import { type ImagePlace, listImages, withoutExtension } from '../imagenet/images.js';
import { applyLabels, findListed } from './apply-labels.js';
import { type EvaluationSet, finishSet, type SetHead, type SetItem } from './evaluation-set.js';
import type { ImageLabels } from './image-labels.js';
import type { Labels } from './labels.js';

/** Files that say which images there are: at least one of them lists files. */
export interface ListedInput {
  labels: Labels | undefined;
  /** Files with one label each. */
  originals: { path: string; rows: readonly ImageLabels[] } | undefined;
}

/**
 * Opens the images that a file lists: that of the original labels, or else that of the labels.
 * @param folder absolute; undefined: the list alone, which is enough to score. Its images are then in
 *   the order of the list, else in byte order of their ids
 * @throws EvaluationError where the list, the folder and the labels are not of the same images
 */
export async function openListedImages(
  folder: string | undefined,
  { labels, originals }: ListedInput,
): Promise<EvaluationSet> {
  const list = originals ?? (labels as ImageList);
  const leftOut: Record<string, number> = {};
  const found = folder === undefined ? undefined : await findInFolder(folder, list.rows, list.path);
  const images = found?.images ?? list.rows.map((row) => toItem(row));
  if (found && found.notListed > 0) leftOut['not-listed'] = found.notListed;
  if (found && found.hidden > 0) leftOut['hidden'] = found.hidden;
  const path = folder ?? list.path;
  const { rule, items } =
    list === labels ? { rule: 'given' as const, items: images } : applyLabels(images, labels, path);
  const name = found ? basename(path) : basename(path).replace(/\.(jsonl?|csv)$/i, '');
  const head = { name, kind: 'labelled-images', rule, store: found?.store } as const;
  return found
    ? finishSet(head, sortById(items), leftOut, path)
    : finishSet(head, items, leftOut, path, inFolderOrder(items));
}

type ImageList = Extract<Labels, { form: 'image-labels' }>;

async function findInFolder(
  folder: string,
  rows: readonly ImageLabels[],
  path: string,
): Promise<{
  images: SetItem[];
  notListed: number;
  hidden: number;
  store: SetHead['store'];
}> {
  const { places, fingerprint, hidden } = await listImages(folder);
  const files = places.map(({ file }) => file);
  const listed = findListed(rows, files, path);
  const images = places.flatMap((place, at) => {
    const row = listed[at];
    return row === undefined ? [] : [toItem(row, place)];
  });
  const store = { path: folder, fingerprint };
  return { images, notListed: places.length - images.length, hidden, store };
}

/** Where every image has one label, it is the original label too: see {@link finishSet}. */
function toItem({ file, labels }: ImageLabels, place?: ImagePlace): SetItem {
  const original = labels.length === 1 ? labels[0] : undefined;
  return { id: withoutExtension(file), place, labels, original };
}

function sortById(items: readonly SetItem[]): SetItem[] {
  return [...items].sort((a, b) => byteOrder(a.id, b.id));
}

/** The order of the same images in a folder, be it one of ImageNetV2's class folders. */
function inFolderOrder(items: readonly SetItem[]): SetItem[] {
  const sorted = sortById(items);
  const areClassFolders = items.every(({ id, original }) => id.startsWith(`${original}/`));
  return areClassFolders ? sorted.sort((a, b) => a.original! - b.original!) : sorted;
}
