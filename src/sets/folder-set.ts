import { basename } from 'node:path';
import { EvaluationError } from '../errors.js';
import { byteOrder } from '../files/listing.js';
import { type ImagePlace, listImages, withoutExtension } from '../imagenet/images.js';
import { type ClassIndex, classOf } from '../imagenet/synsets.js';
import {
  count,
  type EvaluationSet,
  finishSet,
  type SetHead,
  type SetItem,
} from './evaluation-set.js';
import type { ImageLabels } from './image-labels.js';
import type { Labels } from './labels.js';
import type { MultiLabel, MultiLabels } from './multi-labels.js';

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

/**
 * Gives each image the labels that the annotators gave it; the others keep none.
 * @throws EvaluationError where none of the images was annotated: the file is of another set
 */
export function applyMultiLabels<Item extends Omit<SetItem, 'labels'>>(
  items: readonly Item[],
  { labelOf }: MultiLabels,
  path: string,
): (Item & SetItem)[] {
  const found = items.map(({ id }) => labelOf(id));
  if (items.length > 0 && found.every((label) => label === undefined)) {
    throw new EvaluationError('no image of the set is annotated in it', {
      code: 'evaluation-labels-misfit',
      path,
      fix: 'it is for the ImageNet validation set and ImageNetV2; check --labels',
    });
  }
  return items.map((item, index) => ({ ...item, ...judge(found[index]) }));
}

function judge(label: MultiLabel | undefined): Pick<SetItem, 'labels' | 'reason'> {
  if (label === undefined) return { labels: [] };
  if (label === 'problematic') return { labels: [], reason: 'problematic' };
  return { labels: label, reason: label.length === 0 ? 'no-valid-label' : undefined };
}

/**
 * Finds the image of each row: the file that it names, else the one of this name with another
 * extension.
 * @returns for each place, its row's labels; undefined where no row is of it
 * @throws EvaluationError where a row's image is not there
 */
function findListed(
  rows: readonly ImageLabels[],
  places: readonly ImagePlace[],
  path: string,
): (ImageLabels | undefined)[] {
  const positions = new Map<string, number>();
  for (const [position, { file }] of places.entries()) {
    positions.set(file, position);
    if (!positions.has(withoutExtension(file))) positions.set(withoutExtension(file), position);
  }
  const listed = Array.from<ImageLabels | undefined>({ length: places.length });
  const missing = rows.filter((row) => {
    const position = positions.get(row.file) ?? positions.get(withoutExtension(row.file));
    if (position === undefined) return true;
    listed[position] = row;
    return false;
  });
  if (missing.length === 0) return listed;
  throw new EvaluationError(
    `${missing.length} of the ${rows.length} images listed in it are not in the folder, first ${JSON.stringify(missing[0]!.file)}`,
    { code: 'evaluation-image-missing', path, fix: 'list files by their paths from the folder' },
  );
}

/** An image that lies in a folder of its class. */
interface FolderImage {
  /** `<class>/<path in its folder, without extension>`. */
  id: string;
  place: ImagePlace;
  original: ClassIndex;
}

/** Images in class folders. */
interface ClassFolders {
  /** How the folders are named: by class index or by wnid. */
  form: 'numbers' | 'wnids';
  /** By class index, then in byte order of their paths. */
  images: FolderImage[];
}

const NUMBER = /^\d+$/;
const WNID = /^n\d{8}$/;

/**
 * Reads the classes off the folders that the images lie in.
 * @param places in byte order of their paths
 * @param leftOut counts the images that lie in no class folder, or in one of an unknown synset
 * @returns undefined where no folder is named as a class
 * @throws EvaluationError where folders are numbers beyond 999, or some numbers and others wnids
 */
function inClassFolders(
  places: readonly ImagePlace[],
  leftOut: Record<string, number>,
  path: string,
): ClassFolders | undefined {
  const form = formOf(new Set(places.map(folderOf)), path);
  if (form === undefined) return undefined;
  const images: FolderImage[] = [];
  for (const place of places) {
    const folder = folderOf(place);
    const rest = withoutExtension(place.file.slice(folder.length + 1));
    const original = form === 'numbers' ? classOfNumber(folder, path) : classOf(folder);
    if (original !== undefined) {
      const id = `${form === 'numbers' ? original : folder}/${rest}`;
      images.push({ id, place, original });
    } else count(leftOut, WNID.test(folder) ? 'unknown-synset' : 'outside-class-folders');
  }
  // Stable: the byte order of the paths stays within a class.
  images.sort((a, b) => a.original - b.original);
  return { form, images };
}

/** The first folder of a path; empty for an image that lies in none. */
function folderOf({ file }: ImagePlace): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '';
}

function formOf(folders: ReadonlySet<string>, path: string): ClassFolders['form'] | undefined {
  const names = [...folders];
  const number = names.find((name) => NUMBER.test(name));
  const wnid = names.find((name) => WNID.test(name));
  if (number !== undefined && wnid !== undefined) {
    throw new EvaluationError(
      `some folders are numbers (${number}) and others wnids (${wnid}), so classes are not certain`,
      { code: 'evaluation-mixed-folders', path, fix: 'keep one of the two' },
    );
  }
  if (number !== undefined) return 'numbers';
  return wnid === undefined ? undefined : 'wnids';
}

function classOfNumber(folder: string, path: string): ClassIndex | undefined {
  if (!NUMBER.test(folder)) return undefined;
  if (Number(folder) <= 999) return Number(folder);
  throw new EvaluationError(`a folder is named ${folder.slice(0, 20)}: no class index 0 to 999`, {
    code: 'evaluation-class-folder',
    path,
    fix: 'give ImageNetV2 as it was unpacked; for folders that are no classes, give --images and --labels',
  });
}
