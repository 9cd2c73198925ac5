import { workerData } from 'node:worker_threads';
import { ImageError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { boxAround, fitInside, type PixelBox } from '../image/box.js';
import { decodeRegion, readImageSize, type RgbImage } from '../image/decode.js';
import { dropAlpha } from '../image/drop-alpha.js';
import { resize } from '../image/resize.js';
import { cutOut } from '../image/rgb-rows.js';
import type { Drop } from '../imagenet/drops.js';
import { ImageReader } from '../imagenet/image-source.js';
import type { IndexedImage } from '../imagenet/sort-objects.js';
import { serve } from '../parallel/serve.js';
import type { Recipe } from '../recipe/schema.js';
import type { PatchRow } from './patch-row.js';
import { type SelectedObject, selectPatches } from './select-patches.js';

/** What a worker is told once. */
export interface ExtractSettings {
  /** The folder or archive of images. */
  images: string;
  patch: Recipe['patch'];
  storeSide: number;
}

/** What a batch of images gave: rows and their pixels, one behind the other, in order. */
export interface ExtractedBatch {
  rows: Omit<PatchRow, 'offset'>[];
  pixels: Uint8Array;
  drops: Drop[];
  images: number;
}

const { images, patch, storeSide } = workerData as ExtractSettings;
const reader = new ImageReader(images);

export default serve(async (batch: IndexedImage[]): Promise<ExtractedBatch> => {
  const rows: Omit<PatchRow, 'offset'>[] = [];
  const pixels: Buffer[] = [];
  const drops: Drop[] = [];
  for (const indexed of batch) {
    const { patches, dropped } = await extractImage(indexed);
    drops.push(...dropped);
    for (const { row, data } of patches) {
      rows.push(row);
      pixels.push(data);
    }
  }
  return { rows, pixels: Buffer.concat(pixels), drops, images: batch.length };
});

interface ExtractedImage {
  patches: { row: Omit<PatchRow, 'offset'>; data: Buffer }[];
  dropped: Drop[];
}

/** One read and one decode, whatever the number of the image's objects. */
async function extractImage(indexed: IndexedImage): Promise<ExtractedImage> {
  try {
    const bytes = await reader.read(indexed.place);
    const { selected, drops } = selectPatches(indexed, await readImageSize(bytes), patch);
    const patches: ExtractedImage['patches'] = [];
    if (selected.length === 0) return { patches, dropped: drops };
    const region = boxAround(selected.map(({ cut }) => cut));
    const decoded = await decodeRegion(bytes, region);
    for (const object of selected) {
      const image = await fitToStore(cutOut(decoded, within(object.cut, region)));
      patches.push({ row: describe(indexed.image, object, image), data: image.data });
    }
    return { patches, dropped: drops };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { patches: [], dropped: dropAll(indexed, error.message) };
  }
}

async function fitToStore(image: RgbImage): Promise<RgbImage> {
  if (image.width <= storeSide && image.height <= storeSide) return image;
  const [width, height] = fitInside([image.width, image.height], [storeSide, storeSide]);
  return dropAlpha(resize(image, width, height, patch.kernel));
}

function within(box: PixelBox, region: PixelBox): PixelBox {
  const [x, y] = region;
  return [box[0] - x, box[1] - y, box[2] - x, box[3] - y];
}

function describe(
  source: string,
  { object, wnid, class: index, cut }: SelectedObject,
  { width, height, data }: RgbImage,
): Omit<PatchRow, 'offset'> {
  const id = `${source}#${object}`;
  return { id, wnid, class: index, source, box: cut, width, height, sha256: sha256(data) };
}

function dropAll({ image, objects }: IndexedImage, detail: string): Drop[] {
  return objects.map(({ object }) => ({ image, object, reason: 'image-corrupt', detail }));
}
