import { EvaluationError } from '../errors.js';
import { withoutExtension } from '../imagenet/image-names.js';
import type { ImagePlace } from '../imagenet/image-source.js';
import { type ClassIndex, classOf } from '../imagenet/synsets.js';
import { count } from './finish-set.js';

/** An image that lies in a folder of its class. */
export interface FolderImage {
  /** `<class>/<path in its folder, without extension>`. */
  id: string;
  place: ImagePlace;
  original: ClassIndex;
}

/** Images in class folders. */
export interface ClassFolders {
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
export function inClassFolders(
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
