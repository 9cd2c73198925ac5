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
import { isSizeOf, toPixelBox } from '../imagenet/annotation.js';
import type { Drop, DropReason } from '../imagenet/drops.js';
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

/** Images to cut patches out of. */
export interface ExtractBatch {
  images: readonly IndexedImage[];
  /** What the pixels of an earlier batch were in, to be filled again; none at first. */
  spare?: SharedArrayBuffer | undefined;
}

/** What a batch of images gave: rows and their pixels, one behind the other, in order. */
export interface ExtractedBatch {
  rows: Omit<PatchRow, 'offset'>[];
  /** In memory of its own, which threads share and in which there may be room for more. */
  pixels: Uint8Array;
  drops: Drop[];
  images: number;
}

type BatchRow = ExtractedBatch['rows'][number];

/** Cuts the patches out of a batch of images. */
export async function extractBatch(
  { images, spare }: ExtractBatch,
  settings: ExtractSettings,
): Promise<ExtractedBatch> {
  const rows: BatchRow[] = [];
  const drops: Drop[] = [];
  const pixels = new PixelList(spare);
  for (const image of images) {
    const extracted = await extractImage(image, settings, pixels);
    rows.push(...extracted.rows);
    drops.push(...extracted.drops);
  }
  return { rows, pixels: pixels.bytes, drops, images: images.length };
}

/** Pixels one behind the other, in memory that grows: that of a batch before, where it is given. */
class PixelList {
  #memory: Uint8Array<SharedArrayBuffer>;
  #length = 0;

  constructor(memory = new SharedArrayBuffer(ROOM)) {
    this.#memory = new Uint8Array(memory);
  }

  get bytes(): Uint8Array<SharedArrayBuffer> {
    return this.#memory.subarray(0, this.#length);
  }

  add(pixels: Uint8Array): void {
    const end = this.#length + pixels.length;
    if (end > this.#memory.length) {
      const larger = new Uint8Array(new SharedArrayBuffer(2 * end));
      larger.set(this.bytes);
      this.#memory = larger;
    }
    this.#memory.set(pixels, this.#length);
    this.#length = end;
  }

  /** Takes back what was added behind the first `length` bytes. */
  cutBack(length: number): void {
    this.#length = length;
  }
}

/** Bytes that the patches of most batches take. */
const ROOM = 2 ** 21;

/**
 * One read and one decode, whatever the number of the image's objects.
 * @param pixels gets those of the rows
 */
async function extractImage(
  indexed: IndexedImage,
  settings: ExtractSettings,
  pixels: PixelList,
): Promise<Pick<ExtractedBatch, 'rows' | 'drops'>> {
  const { reader, budget, patch } = settings;
  const before = pixels.bytes.length;
  try {
    return await reader.use(indexed.place, budget, (header) => {
      const { selected, drops } = selectPatches(indexed, header.size, patch);
      if (selected.length === 0)
        return { bytes: 0, work: () => Promise.resolve({ rows: [], drops }) };
      const region = boxAround(selected.map(({ cut }) => cut));
      const work = async (file: Buffer): Promise<Pick<ExtractedBatch, 'rows' | 'drops'>> => {
        const rows = await decodeInKernel(file, region, header, (kernel) => {
          pixels.cutBack(before); // where another decoder begins once more
          return selected.map((object) => {
            const cut = cutPatch(kernel, object.cut, settings);
            pixels.add(cut.data);
            return toRow(indexed.image, object, cut);
          });
        });
        return { rows, drops };
      };
      const bytes = decodeBytes(header, region) + cutBytes(selected);
      return { bytes, work };
    });
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    pixels.cutBack(before);
    const reason = error.code === 'image-too-large' ? error.code : 'image-corrupt';
    return { rows: [], drops: dropAll(indexed, reason, error.message) };
  }
}

/** Bytes that the largest cut takes: as it is, or between the two passes of its resizing. */
function cutBytes(selected: readonly SelectedObject[]): number {
  const areas = selected.map(({ cut }) => sizeOf(cut)).map(([width, height]) => width * height);
  return 3 * areas.reduce((most, area) => Math.max(most, area), 0);
}

/**
 * The patch as it is stored; where it is scaled down, its own pixels alone count.
 * @returns pixels in the kernel's own memory
 */
function cutPatch(
  kernel: ImageKernel,
  box: PixelBox,
  { storeSide, patch }: ExtractSettings,
): RgbImage {
  const from = sizeOf(box);
  const fits = from[0] <= storeSide && from[1] <= storeSide;
  const size = fits ? from : fitInside(from, [storeSide, storeSide]);
  kernel.choose(box);
  return kernel.resize({ from, size, ...resamplingOf(patch) });
}

function toRow(
  source: string,
  { object, wnid, class: index, cut }: SelectedObject,
  { width, height, data }: RgbImage,
): BatchRow {
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
