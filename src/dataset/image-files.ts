import { EXTENSIONS } from '../image/encode.js';
import type { Recipe } from '../recipe/schema.js';

/** Where a dataset has its images. */
export const IMAGES_FOLDER = 'images';

/** Most images in a folder, as a power of ten: 10,000. */
const FOLDER_DIGITS = 4;

/**
 * The path of an image in its dataset: `images/k3-000017.png`. More than 10,000 images lie in folders
 * by their number of patches and their own number, at most 10,000 in each:
 * `images/k3/0001/k3-010017.png`.
 * @param images in the dataset
 */
export function imageFile(
  { id, k }: { id: string; k: number },
  { encode }: Pick<Recipe, 'encode'>,
  images: number,
): string {
  const name = `${id}${EXTENSIONS[encode.format]}`;
  if (!isInFolders(images)) return `${IMAGES_FOLDER}/${name}`;
  const number = /\d*$/.exec(id)![0];
  const folder = number.slice(0, -FOLDER_DIGITS).padStart(FOLDER_DIGITS, '0');
  return `${IMAGES_FOLDER}/k${k}/${folder}/${name}`;
}

/** Whether a file of a dataset, by its path in it, is an image. */
export function isImageFile(file: string): boolean {
  return file.startsWith(`${IMAGES_FOLDER}/`);
}

/**
 * A glob of a dataset's images, as fsspec reads it: `**` also stands for no folder, so that it serves
 * for datasets of patchml 0.1, which have all images in one.
 * @param k for the images of so many patches alone
 */
export function imageGlob(images: number, k?: string): string {
  const name = k === undefined ? '*' : `k${k}-*`;
  return `${IMAGES_FOLDER}/${isInFolders(images) ? '**/' : ''}${name}`;
}

/** Whether a dataset of so many images has them in folders. */
function isInFolders(images: number): boolean {
  return images > 10 ** FOLDER_DIGITS;
}
