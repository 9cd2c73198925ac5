import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { annotationXml } from './unit-annotations.js';
import { packTar } from './unit-archives.js';

/** A box as ImageNet writes it: the last column and row are inside. */
type InclusiveBox = readonly [xmin: number, ymin: number, xmax: number, ymax: number];

/** One image of a made input, and its annotation. */
export interface MadeImage {
  id: string;
  wnid: string;
  width: number;
  height: number;
  boxes: readonly InclusiveBox[];
  jpeg: Buffer;
}

/** Ten synsets: goldfish, scorpion, koala, zebra, accordion, castle, teapot, umbrella, ... */
const WNIDS = [
  'n01443537',
  'n01770393',
  'n01882714',
  'n02391049',
  'n02672831',
  'n02980441',
  'n04398044',
  'n04507155',
  'n07749582',
  'n07753592',
] as const;

/** How many images, and how much larger than a few thousand pixels they are. */
export interface InputSize {
  images?: number;
  /** Factor on both sides of every image. Default: 1, for images of 160 to 320 px. */
  scale?: number;
}

/**
 * Makes images with one to three boxes each: stripes, gradients and noise, the same from call to
 * call. The boxes pass every filter of the default recipe; some are larger than a pool stores.
 */
export async function makeImages({ images = 32, scale = 1 }: InputSize = {}): Promise<MadeImage[]> {
  const made: MadeImage[] = [];
  for (let n = 0; n < images; n += 1) {
    const width = scale * (160 + 40 * (n % 5));
    const height = scale * (120 + 40 * (n % 4));
    made.push({
      id: `ILSVRC2012_val_${String(n + 1).padStart(8, '0')}`,
      wnid: WNIDS[n % WNIDS.length]!,
      width,
      height,
      boxes: boxesOf(n, width, height),
      jpeg: await toJpeg(draw(n, width, height), width, height),
    });
  }
  return made;
}

/** How many objects these images have together. */
export function countObjects(images: readonly MadeImage[]): number {
  return images.reduce((sum, { boxes }) => sum + boxes.length, 0);
}

/** The whole image, its left and its right half, or its middle: one, two or three of them. */
function boxesOf(n: number, width: number, height: number): InclusiveBox[] {
  const half = Math.floor(width / 2);
  const left = [n % 7, 3, half - 1, height - 1] as const;
  const right = [half, 0, width - 1, height - 5] as const;
  const middle = [Math.floor(width / 4), 10, Math.floor((3 * width) / 4), height - 11] as const;
  switch (n % 3) {
    case 0:
      return [[1, 1, width - 1, height - 2]];
    case 1:
      return [left, right];
    default:
      return [left, middle, right];
  }
}

function draw(n: number, width: number, height: number): Buffer {
  const pixels = Buffer.alloc(3 * width * height);
  let noise = n + 1;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
      const at = 3 * (y * width + x);
      const flat = 25 * (n % 10);
      if (n % 4 === 0) pixels.fill(flat, at, at + 3);
      else if (n % 4 === 1) pixels.set([(255 * x) / width, (255 * y) / height, flat], at);
      else if (n % 4 === 2) pixels.set([noise >>> 24, (noise >>> 16) & 255, flat], at);
      else pixels.set((x >> 4) % 2 ? [250, 20, flat] : [10, flat, 240], at);
    }
  }
  return pixels;
}

function toJpeg(pixels: Buffer, width: number, height: number): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer();
}

/** Folders of images and of their XML, as `--images` and `--annotations` take them. */
export interface InputFolders {
  annotations: string;
  images: string;
}

/** Writes images and XML into two flat folders below this one. */
export function writeFolders(folder: string, made: readonly MadeImage[]): InputFolders {
  const annotations = join(folder, 'annotations');
  const images = join(folder, 'images');
  for (const path of [annotations, images]) mkdirSync(path, { recursive: true });
  for (const image of made) {
    writeFileSync(join(annotations, `${image.id}.xml`), toXml(image));
    writeFileSync(join(images, `${image.id}.JPEG`), image.jpeg);
  }
  return { annotations, images };
}

/** Writes the images in a folder a synset, as the train set has them. @returns the folder */
export function writeImagesBySynset(folder: string, made: readonly MadeImage[]): string {
  for (const { wnid, id, jpeg } of made) {
    mkdirSync(join(folder, wnid), { recursive: true });
    writeFileSync(join(folder, wnid, `${id}.JPEG`), jpeg);
  }
  return folder;
}

/** Writes the XML in a folder a synset. @returns the folder */
export function writeXmlBySynset(folder: string, made: readonly MadeImage[]): string {
  for (const image of made) {
    mkdirSync(join(folder, image.wnid), { recursive: true });
    writeFileSync(join(folder, image.wnid, `${image.id}.xml`), toXml(image));
  }
  return folder;
}

/** Writes the images as the official validation archive has them. @returns the file */
export async function writeImagesTar(path: string, made: readonly MadeImage[]): Promise<string> {
  writeFileSync(path, await packTar(made.map(({ id, jpeg }) => [`${id}.JPEG`, jpeg])));
  return path;
}

/** Writes the images as the official train archive has them: a tar a synset in it. */
export async function writeImagesTarOfTars(
  path: string,
  made: readonly MadeImage[],
): Promise<string> {
  const inner: [string, Buffer][] = [];
  for (const wnid of WNIDS) {
    const own = made.filter((image) => image.wnid === wnid);
    inner.push([`${wnid}.tar`, await packTar(own.map(({ id, jpeg }) => [`${id}.JPEG`, jpeg]))]);
  }
  writeFileSync(path, await packTar(inner));
  return path;
}

/** Writes the XML as `ILSVRC2012_bbox_val_v3.tgz` has it. @returns the file */
export async function writeXmlTgz(path: string, made: readonly MadeImage[]): Promise<string> {
  const members = made.map((image) => [`val/${image.id}.xml`, toXml(image)] as const);
  writeFileSync(path, gzipSync(await packTar(members)));
  return path;
}

/** Writes the boxes as Kaggle's `LOC_val_solution.csv` has them. @returns the file */
export function writeCsv(path: string, made: readonly MadeImage[]): string {
  const rows = made.map(
    ({ id, wnid, boxes }) => `${id},${boxes.map((box) => `${wnid} ${box.join(' ')} `).join('')}\n`,
  );
  writeFileSync(path, `ImageId,PredictionString\n${rows.join('')}`);
  return path;
}

/** The XML of an image, in ImageNet's own form. */
export function toXml({ id, wnid, width, height, boxes }: Omit<MadeImage, 'jpeg'>): string {
  return annotationXml(
    boxes.map((box) => [wnid, ...box] as const),
    [width, height],
    id,
  );
}
