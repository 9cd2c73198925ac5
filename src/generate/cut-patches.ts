import pLimit from 'p-limit';
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
import { decodeBytes, decodeInKernel } from '../image/decode.js';
import type { ImageKernel } from '../image/kernel/kernel.js';
import type { MemoryBudget } from '../image/memory-budget.js';
import type { RgbImage } from '../image/pixels.js';
import { type Drop, type DropReason, isSizeOf, toPixelBox } from '../imagenet/annotation.js';
import type { ImageReader } from '../imagenet/image-reader.js';
import { resamplingOf } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import type { IndexedImage, IndexedObject } from './sort-objects.js';
import type { PatchRow } from './pool.js';

/** What extraction needs to know. */
export interface ExtractSettings {
  reader: ImageReader;
  /** The memory that images are decoded in. */
  budget: MemoryBudget;
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

/** Images that a thread has in hand: the next is read while one is decoded. */
const AT_ONCE = 2;

/** Cuts the patches out of a batch of images. */
export async function extractBatch(
  batch: readonly IndexedImage[],
  settings: ExtractSettings,
): Promise<ExtractedBatch> {
  const limit = pLimit(AT_ONCE);
  const extracted = await Promise.all(
    batch.map((image) => limit(() => extractImage(image, settings))),
  );
  const cuts = extracted.flatMap((image) => image.cuts);
  return {
    rows: cuts.map(toRow),
    pixels: joined(cuts.map(({ pixels }) => pixels.data)),
    drops: extracted.flatMap((image) => image.drops),
    images: batch.length,
  };
}

/** In memory of its own, which can be handed to another thread. */
function joined(parts: readonly Buffer[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** One object's pixels: as they are in its image, or scaled down to what the pool stores. */
interface Cut {
  source: string;
  object: SelectedObject;
  pixels: RgbImage;
}

interface ExtractedImage {
  cuts: Cut[];
  drops: Drop[];
}

/** One read and one decode, whatever the number of the image's objects. */
async function extractImage(
  indexed: IndexedImage,
  settings: ExtractSettings,
): Promise<ExtractedImage> {
  const { reader, budget, patch } = settings;
  try {
    return await reader.use(indexed.place, budget, (header) => {
      const { selected, drops } = selectPatches(indexed, header.size, patch);
      if (selected.length === 0)
        return { bytes: 0, work: () => Promise.resolve({ cuts: [], drops }) };
      const region = boxAround(selected.map(({ cut }) => cut));
      const work = async (file: Buffer): Promise<ExtractedImage> => {
        const patches = await decodeInKernel(file, region, header, (kernel) =>
          selected.map(({ cut }) => cutPatch(kernel, cut, settings)),
        );
        const cuts = selected.map((object, index) => ({
          source: indexed.image,
          object,
          pixels: patches[index]!,
        }));
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

/** Bytes that the largest cut takes: as it is, or between the two passes of its resizing. */
function cutBytes(selected: readonly SelectedObject[]): number {
  const areas = selected.map(({ cut }) => sizeOf(cut)).map(([width, height]) => width * height);
  return 3 * areas.reduce((most, area) => Math.max(most, area), 0);
}

/** The patch as it is stored; where it is scaled down, its own pixels alone count. */
function cutPatch(
  kernel: ImageKernel,
  box: PixelBox,
  { storeSide, patch }: ExtractSettings,
): RgbImage {
  const from = sizeOf(box);
  if (from[0] <= storeSide && from[1] <= storeSide) return kernel.cut(box);
  kernel.choose(box);
  const size = fitInside(from, [storeSide, storeSide]);
  const { width, height, data } = kernel.resize({ from, size, ...resamplingOf(patch) });
  return { width, height, data: Buffer.from(data) };
}

function toRow({
  source,
  object: { object, wnid, class: index, cut },
  pixels: { width, height, data },
}: Cut): Omit<PatchRow, 'offset'> {
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
    const sizes = `annotated as ${indexed.size!.join(' x ')} px, but the image has ${image.join(' x ')}`;
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
