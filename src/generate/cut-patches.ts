import type { LimitFunction } from 'p-limit';
import { ImageError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import {
  boxAround,
  fitInside,
  intersectionOverUnion,
  type PixelBox,
  type Size,
  sizeOf,
  widenBox,
} from '../image/box.js';
import { decodeBytes, decodeRegion } from '../image/decode.js';
import { dropAlpha } from '../image/encode.js';
import type { MemoryBudget } from '../image/memory-budget.js';
import { cutOut, type PnmImage, type RgbImage } from '../image/pixels.js';
import { resize, type RgbaImage } from '../image/resize.js';
import { type Drop, type DropReason, isSizeOf, toPixelBox } from '../imagenet/annotation.js';
import type { ImageReader } from '../imagenet/image-reader.js';
import type { Recipe } from '../recipe/schema.js';
import type { IndexedImage, IndexedObject } from './build-index.js';
import type { PatchRow } from './pool.js';

/** What extraction needs to know. */
export interface ExtractSettings {
  reader: ImageReader;
  /** The memory that images are decoded in. */
  budget: MemoryBudget;
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
    rows: cuts.map((cut, index) => toRow(cut, stored[index]!)),
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
  const { reader, budget, patch } = settings;
  try {
    return await reader.use(indexed.place, budget, (header) => {
      const { selected, drops } = selectPatches(indexed, header.size, patch);
      if (selected.length === 0)
        return { bytes: 0, work: () => Promise.resolve({ cuts: [], drops }) };
      const region = boxAround(selected.map(({ cut }) => cut));
      const work = async (file: Buffer): Promise<{ cuts: Cut[]; drops: Drop[] }> => {
        const decoded = await decodeRegion(file, region, header);
        const cuts: Cut[] = [];
        for (const object of selected) {
          const pixels = await fitToStore(cutOut(decoded, within(object.cut, region)), settings);
          cuts.push({ source: indexed.image, object, ...pixels });
        }
        return { cuts, drops };
      };
      const bytes = decodeBytes(header, region) + cutBytes(selected);
      return { bytes, work };
    });
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const reason = error.code === 'image-too-large' ? error.code : 'image-corrupt';
    return { cuts: [], drops: dropAll(indexed, reason, error.message) };
  }
}

/** Bytes that the largest cut takes, and its resizing: 13 a pixel were measured. */
function cutBytes(selected: readonly SelectedObject[]): number {
  const areas = selected.map(({ cut }) => sizeOf(cut)).map(([width, height]) => width * height);
  return (3 + 13) * areas.reduce((most, area) => Math.max(most, area), 0);
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

function toRow(
  { source, object: { object, wnid, class: index, cut } }: Cut,
  { width, height, data }: RgbImage,
): Omit<PatchRow, 'offset'> {
  const id = `${source}#${object}`;
  return { id, wnid, class: index, source, box: cut, width, height, sha256: sha256(data) };
}

function dropAll({ image, objects }: IndexedImage, reason: DropReason, detail: string): Drop[] {
  return objects.map(({ object }) => ({ image, object, reason, detail }));
}

/** An object that passed the filters, in the pixels of its image. */
export interface SelectedObject extends Omit<IndexedObject, 'box'> {
  /** The object's own box. */
  box: PixelBox;
  /** What is cut out: the box with the recipe's margin around it. */
  cut: PixelBox;
}

/**
 * The filters that need the image's real size, in this order: size-mismatch, which drops all of an
 * image's objects, degenerate-box, too-small, too-elongated, duplicate-box. Of duplicates the first
 * in the annotation is kept.
 * @param image size of the decoded image
 */
export function selectPatches(
  indexed: IndexedImage,
  image: Size,
  patch: Recipe['patch'],
): { selected: SelectedObject[]; drops: Drop[] } {
  if (!isSizeOf(indexed.size, image)) {
    const sizes = `annotated as ${indexed.size!.join(' x ')} px, the image has ${image.join(' x ')}`;
    return { selected: [], drops: dropAll(indexed, 'size-mismatch', sizes) };
  }
  const selected: SelectedObject[] = [];
  const drops: Drop[] = [];
  for (const { box: annotated, ...object } of indexed.objects) {
    const box = toPixelBox(annotated, indexed.size, image);
    const reason = reasonToDrop(box, object.wnid, selected, patch);
    if (reason) drops.push({ image: indexed.image, object: object.object, reason });
    else selected.push({ ...object, box: box!, cut: widenBox(box!, patch.margin, image) });
  }
  return { selected, drops };
}

function reasonToDrop(
  box: PixelBox | undefined,
  wnid: string,
  kept: readonly SelectedObject[],
  { minSide, maxAspect, dedupeIou }: Recipe['patch'],
): DropReason | undefined {
  if (!box) return 'degenerate-box';
  const [shorter, longer] = [...sizeOf(box)].sort((a, b) => a - b) as [number, number];
  if (shorter < minSide) return 'too-small';
  if (longer / shorter > maxAspect) return 'too-elongated';
  const isDuplicate = kept.some(
    (other) => other.wnid === wnid && intersectionOverUnion(other.box, box) > dedupeIou,
  );
  return isDuplicate ? 'duplicate-box' : undefined;
}
