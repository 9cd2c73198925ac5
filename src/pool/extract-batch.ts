import type { LimitFunction } from 'p-limit';
import { ImageError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { boxAround, fitInside, type PixelBox } from '../image/box.js';
import { cutOut } from '../image/cut-out.js';
import { decodeRegion, readImageHeader } from '../image/decode.js';
import { dropAlpha } from '../image/drop-alpha.js';
import { resize, type RgbaImage } from '../image/resize.js';
import type { PnmImage, RgbImage } from '../image/rgb-image.js';
import type { Drop } from '../imagenet/drops.js';
import type { ImageReader } from '../imagenet/image-source.js';
import type { IndexedImage } from '../imagenet/sort-objects.js';
import type { Recipe } from '../recipe/schema.js';
import type { PatchRow } from './patch-row.js';
import { type SelectedObject, selectPatches } from './select-patches.js';

/** What extraction needs to know. */
export interface ExtractSettings {
  reader: ImageReader;
  patch: Recipe['patch'];
  storeSide: number;
  /** How many images are decoded at once. */
  limit: LimitFunction;
}

/** What a batch of images gave: rows and their pixels, one behind the other, in order. */
export interface ExtractedBatch {
  rows: Omit<PatchRow, 'offset'>[];
  pixels: Buffer;
  drops: Drop[];
  images: number;
}

/** Cuts the patches out of a batch of images. */
export async function extractBatch(
  batch: readonly IndexedImage[],
  settings: ExtractSettings,
): Promise<ExtractedBatch> {
  const extracted = await Promise.all(
    batch.map((image) => settings.limit(() => extractImage(image, settings))),
  );
  const cuts = extracted.flatMap((image) => image.cuts);
  const reduced = await dropAlpha(cuts.flatMap((cut) => cut.reduced ?? []));
  const stored = cuts.map((cut) => cut.original ?? reduced.shift()!);
  return {
    rows: cuts.map((cut, index) => describe(cut, stored[index]!)),
    pixels: Buffer.concat(stored.map(({ data }) => data)),
    drops: extracted.flatMap((image) => image.drops),
    images: batch.length,
  };
}

/** One object's pixels: as they are in its image, or scaled down to what the pool stores. */
interface Cut {
  source: string;
  object: SelectedObject;
  original?: RgbImage;
  reduced?: RgbaImage;
}

/** One read and one decode, whatever the number of the image's objects. */
async function extractImage(
  indexed: IndexedImage,
  settings: ExtractSettings,
): Promise<{ cuts: Cut[]; drops: Drop[] }> {
  try {
    const bytes = await settings.reader.read(indexed.place);
    const header = await readImageHeader(bytes);
    const { selected, drops } = selectPatches(indexed, header.size, settings.patch);
    if (selected.length === 0) return { cuts: [], drops };
    const region = boxAround(selected.map(({ cut }) => cut));
    const decoded = await decodeRegion(bytes, region, header);
    const cuts: Cut[] = [];
    for (const object of selected) {
      const pixels = await fitToStore(cutOut(decoded, within(object.cut, region)), settings);
      cuts.push({ source: indexed.image, object, ...pixels });
    }
    return { cuts, drops };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { cuts: [], drops: dropAll(indexed, error.message) };
  }
}

async function fitToStore(
  original: PnmImage,
  { storeSide, patch }: ExtractSettings,
): Promise<Pick<Cut, 'original' | 'reduced'>> {
  const { width, height } = original;
  if (width <= storeSide && height <= storeSide) return { original };
  const [fitted, fittedHeight] = fitInside([width, height], [storeSide, storeSide]);
  return { reduced: await resize(original, fitted, fittedHeight, patch.kernel) };
}

function within(box: PixelBox, region: PixelBox): PixelBox {
  const [x, y] = region;
  return [box[0] - x, box[1] - y, box[2] - x, box[3] - y];
}

function describe(
  { source, object: { object, wnid, class: index, cut } }: Cut,
  { width, height, data }: RgbImage,
): Omit<PatchRow, 'offset'> {
  const id = `${source}#${object}`;
  return { id, wnid, class: index, source, box: cut, width, height, sha256: sha256(data) };
}

function dropAll({ image, objects }: IndexedImage, detail: string): Drop[] {
  return objects.map(({ object }) => ({ image, object, reason: 'image-corrupt', detail }));
}
