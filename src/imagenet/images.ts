import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { ImageError } from '../errors.js';
import { digestOf } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { exists } from '../files/folders.js';
import { readJsonLines } from '../files/json.js';
import { byteOrder, isHidden, listFiles } from '../files/listing.js';
import { writeWhole } from '../files/output-file.js';
import { requireRegularFile } from '../files/read-file.js';
import { tarMembers } from '../files/tar.js';

/** Where the bytes of one image lie: a file, or a stretch of an archive. */
export interface ImagePlace {
  /** Path from the folder; in an archive, its own name. */
  file: string;
  /** Where it starts, for a stretch of an archive. */
  offset?: number | undefined;
  /** Bytes; -1 for a link that must not be followed. */
  size: number;
  /** When a file of a folder was last changed, ms. */
  modified?: number | undefined;
}

export interface ImageStore {
  /** The folder or archive, as an absolute path. */
  path: string;
  /** Image id to its place. */
  places: ReadonlyMap<string, ImagePlace>;
  /** Changes when the files do: names, sizes and times, for a cache's key. */
  fingerprint: string;
  /** How many images were skipped because their name, or their folder's, begins with a dot. */
  hidden: number;
}

/**
 * Finds the images of a folder (flat, by synset, or Kaggle's tree), or of the official `.tar`,
 * whose members (or, in the train archive, members of members) are found once, not unpacked.
 * @throws ImageError when there are none at the path
 */
export async function openImages(given: string): Promise<ImageStore> {
  const path = resolve(given);
  try {
    const info = await stat(path);
    if (!info.isDirectory() && !path.endsWith('.tar')) {
      throw new ImageError('this is not a folder or .tar archive of images', {
        code: 'images-unknown-form',
        path,
        fix: 'pass a folder of images, or the official .tar',
      });
    }
    if (!info.isDirectory()) await requireRegularFile(path);
    const store = info.isDirectory()
      ? await openFolder(path)
      : await openTar(path, archiveFingerprint(path, info));
    if (store.places.size > 0) return store;
  } catch (error) {
    throw explainError(error);
  }
  throw new ImageError('it contains no image (.JPEG, .jpg, .png, .webp)', {
    code: 'images-none',
    path,
    fix: 'check --images',
  });
}

async function openFolder(path: string): Promise<ImageStore> {
  const { places, ...others } = await listImages(path);
  return { path, places: toPlaces(places), ...others };
}

/**
 * What changes when the images at a path do: the `fingerprint` of {@link openImages}, without a look
 * into an archive.
 * @throws ImageError, OutputError where there are none at the path
 */
export async function fingerprintOf(given: string): Promise<string> {
  const path = resolve(given);
  try {
    const info = await stat(path);
    return info.isDirectory()
      ? (await listImages(path)).fingerprint
      : archiveFingerprint(path, info);
  } catch (error) {
    throw explainError(error);
  }
}

function archiveFingerprint(path: string, { size, mtimeMs }: Stats): string {
  return digestOf([basename(path), size, mtimeMs]);
}

/**
 * Lists all images of a folder, in byte order of their paths, with the folder's fingerprint. Links
 * are followed; hidden files are counted, not listed. Of a folder that has a listing, only those
 * files are there that somebody needs.
 */
export async function listImages(
  folder: string,
): Promise<{ places: ImagePlace[]; fingerprint: string; hidden: number }> {
  const all =
    (await readListing(folder)) ?? (await listFiles(folder, isImageName, { follow: true }));
  const files = all.filter(({ path }) => !isHidden(path));
  return {
    hidden: all.length - files.length,
    places: files.map(({ path: file, size, modified }) => ({ file, size, modified })),
    fingerprint: digestOf(files.map(({ path: file, size, modified }) => [file, size, modified])),
  };
}

/** Whether a file of a folder is the one that was listed: it has the same size and time. */
export async function isUnchanged(
  folder: string,
  { file, size, modified = 0 }: ImagePlace,
): Promise<boolean> {
  const info = await stat(join(folder, file)).catch(() => undefined);
  if (!info?.isFile()) return size < 0;
  // a local copy has its object's time, which is in whole milliseconds
  return info.size === size && Math.round(info.mtimeMs) === Math.round(modified);
}

/** In a local copy of some images of a store: what all of them are. */
const LISTING_FILE = '.patchml-listing.jsonl';

const storedSchema = z.object({
  path: z.string().refine((path) => !/^\/|(^|\/)\.\.(\/|$)/.test(path)),
  size: z.int().min(0),
  modified: z.number(),
  etag: z.string(),
  sha256: z.string().optional(),
});

/** A file of a store, as the store says that it is. */
export type StoredImage = z.output<typeof storedSchema>;

/**
 * Notes in a folder what images a store has, some of which the folder will have: then it is opened
 * as if all of them were in it.
 * @param files all files of the store
 */
export async function writeListing(folder: string, files: readonly StoredImage[]): Promise<void> {
  const images = files.filter(({ path }) => isImageName(path));
  const lines = images
    .sort((a, b) => byteOrder(a.path, b.path))
    .map((image) => `${JSON.stringify(image)}\n`);
  await writeWhole(join(folder, LISTING_FILE), lines.join(''));
}

/**
 * What {@link writeListing} noted in a folder, in byte order of the paths; undefined where it has not.
 * @throws ImageError `images-unknown-form`
 */
export async function readListing(folder: string): Promise<StoredImage[] | undefined> {
  const file = join(folder, LISTING_FILE);
  if (!(await exists(file))) return undefined;
  const images: StoredImage[] = [];
  for await (const row of readJsonLines(file)) {
    const image = storedSchema.safeParse(row);
    if (!image.success) {
      throw new ImageError('the listing of its images is damaged', {
        code: 'images-unknown-form',
        path: file,
        place: `line ${images.length + 1}`,
        fix: 'remove this folder, which is a local copy',
      });
    }
    images.push(image.data);
  }
  return images;
}

async function openTar(path: string, fingerprint: string): Promise<ImageStore> {
  const found: (ImagePlace & { name: string })[] = [];
  let hidden = 0;
  const walk = async (archive: Readable, base: number): Promise<void> => {
    for await (const { name, size, offset, stream } of tarMembers(archive)) {
      if (isHidden(name)) hidden += Number(isImageName(name));
      else if (name.endsWith('.tar')) await walk(stream, base + offset);
      else if (isImageName(name)) {
        found.push({ name, file: basename(path), offset: base + offset, size });
      }
    }
  };
  try {
    await walk(createReadStream(path, { highWaterMark: 1 << 22 }), 0);
  } catch (cause) {
    throw new ImageError(`the archive cannot be read: ${(cause as Error).message}`, {
      code: 'images-corrupt-archive',
      path,
      fix: 'download it again',
      cause,
    });
  }
  return { path, places: toPlaces(found), fingerprint, hidden };
}

/** Where two files give one id, the first in byte order of their paths is taken. */
function toPlaces(found: (ImagePlace & { name?: string })[]): Map<string, ImagePlace> {
  const places = new Map<string, ImagePlace>();
  for (const { name, ...place } of found.sort((a, b) => byteOrder(nameOf(a), nameOf(b)))) {
    const id = lastPart(imageName(name ?? place.file));
    if (!places.has(id)) places.set(id, place);
  }
  return places;
}

function nameOf({ name, file }: ImagePlace & { name?: string }): string {
  return name ?? file;
}

const EXTENSION = /\.(jpeg|jpg|png|webp)$/i;

/** Whether a file name says that it is an image. */
function isImageName(name: string): boolean {
  return EXTENSION.test(name);
}

/** A path without the extension of an image; its other dots stay. */
export function withoutExtension(path: string): string {
  return path.replace(EXTENSION, '');
}

/** What some copies of ImageNet add to a name: the image's synset. */
const SYNSET_ENDING = /((?:^|\/)(?:ILSVRC2012_val_\d{8}|n\d{8}_\d+))_n\d{8}$/;

/**
 * What an image is called whatever its copy: its path without the extension, and without the synset
 * in `ILSVRC2012_val_00000001_n01751748.JPEG`.
 */
export function imageName(path: string): string {
  return withoutExtension(path).replace(SYNSET_ENDING, '$1');
}

/** The part of a path behind its last `/`. */
export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
