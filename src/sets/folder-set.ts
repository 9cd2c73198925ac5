import { basename } from 'node:path';
import { EvaluationError } from '../errors.js';
import { type ImagePlace, listImages, withoutExtension } from '../imagenet/images.js';
import { type ClassIndex, classOf, WNID } from '../imagenet/synsets.js';
import { applyLabels } from './apply-labels.js';
import { count, type EvaluationSet, finishSet } from './evaluation-set.js';
import type { Labels } from './labels.js';
import { openListedImages } from './listed-set.js';

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
  const { places, fingerprint, hidden } = await listImages(folder);
  const leftOut: Record<string, number> = hidden > 0 ? { hidden } : {};
  const found = inClassFolders(places, leftOut, folder);
  if (found === undefined) {
    if (labels?.form === 'image-labels') {
      return openListedImages(folder, { labels, originals: undefined });
    }
    throw unknownForm(folder, places.length);
  }
  const kind = found.form === 'numbers' ? 'imagenet-v2' : 'labelled-images';
  const { rule, items } = applyLabels(found.images, labels, folder);
  const store = { path: folder, fingerprint };
  return finishSet({ name: nameOf(folder), kind, rule, store }, items, leftOut, folder);
}

/** `imagenetv2-matched-frequency-format-val` is what ImageNetV2's archive unpacks to. */
function nameOf(folder: string): string {
  return basename(folder).replace(/^(imagenetv2-.+)-format-val$/, '$1');
}

function unknownForm(path: string, images: number): EvaluationError {
  return new EvaluationError(
    `this is not a known kind of set: ${images} images, none in a class folder`,
    {
      code: 'evaluation-unknown-form',
      path,
      fix: 'pass a PatchML dataset, an ImageNetV2 folder (class folders 0 to 999), a folder of class folders (n01440764, ...), or any images with --labels',
    },
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
      `some folders are numbers (${number}) and others wnids (${wnid}), so the classes are ambiguous`,
      { code: 'evaluation-mixed-folders', path, fix: 'keep one of the two' },
    );
  }
  if (number !== undefined) return 'numbers';
  return wnid === undefined ? undefined : 'wnids';
}

function classOfNumber(folder: string, path: string): ClassIndex | undefined {
  if (!NUMBER.test(folder)) return undefined;
  if (Number(folder) <= 999) return Number(folder);
  throw new EvaluationError(`folder ${folder.slice(0, 20)} is not a class index from 0 to 999`, {
    code: 'evaluation-class-folder',
    path,
    fix: 'pass ImageNetV2 as unpacked; for folders that are not classes, pass --images and --labels',
  });
}
