import { createCipheriv } from 'node:crypto';
import type { Size } from '../image/box.js';
import { type ImageKernel, threadKernel } from '../image/kernel/kernel.js';
import { newPnmImage, type PnmImage } from '../image/pixels.js';
import { openStream } from '../random.js';
import { canvasSize, type Rectangle, resamplingOf } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import type { PlanRow } from './make-plan.js';
import type { PatchRow } from './pool.js';
import type { PoolReader } from './pool-reader.js';

/** A plan row and the pool rows of its patches, in the same order. */
export interface ComposeTask {
  row: PlanRow;
  patches: readonly PatchRow[];
}

/**
 * Composes an image from its task alone.
 * @param canvas is changed and returned; a new one where it is left out
 */
export type Composer = (task: ComposeTask, canvas?: PnmImage) => PnmImage;

/** A composer for a recipe and a pool. */
export function openComposer(recipe: Recipe, pool: PoolReader): Composer {
  const [width, height] = canvasSize(recipe);
  const fill = openBackground(recipe);
  const kernel = threadKernel();
  return ({ row, patches }, canvas = newPnmImage(width, height)) => {
    fill(row.id, kernel.openCanvas([width, height]));
    for (const [index, { bbox }] of row.objects.entries()) {
      const patch = patches[index]!;
      pool.readChecked(patch, kernel.bring(patch));
      paint(kernel, [patch.width, patch.height], bbox, recipe.patch);
    }
    kernel.copyCanvas(canvas.data);
    return canvas;
  };
}

/** RGB of the named backgrounds; `imagenet-mean` is 0.485, 0.456, 0.406 of 255, rounded. */
const COLOURS: Record<string, readonly [number, number, number]> = {
  white: [255, 255, 255],
  black: [0, 0, 0],
  grey: [128, 128, 128],
  'imagenet-mean': [124, 116, 104],
};

/**
 * What blank canvases of a recipe are filled with: a function that fills a canvas of RGB for an
 * image's id.
 */
export function openBackground(recipe: Recipe): (id: string, canvas: Buffer) => void {
  const [width, height] = canvasSize(recipe);
  const { background } = recipe.canvas;
  if (background === 'noise') {
    return (id, canvas) => {
      noise(`${recipe.seed}/noise/image=${id}`, 3 * width * height).copy(canvas);
    };
  }
  const blank = Buffer.alloc(3 * width * height, Buffer.from(toRgb(background)));
  return (_, canvas) => {
    blank.copy(canvas);
  };
}

function toRgb(background: string): readonly number[] {
  return COLOURS[background] ?? [...Buffer.from(background.slice(1), 'hex')];
}

/** Even noise in every sample: a key from the image's own stream, spread by AES in counter mode. */
function noise(name: string, bytes: number): Buffer {
  const stream = openStream(name);
  const key = Buffer.from(Array.from({ length: 32 }, () => stream.int(256)));
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/**
 * Paints a patch into its place on the kernel's canvas: resized to the place, or for `cover` to the
 * smallest size of its own aspect that fills the place, of which the centre shows.
 * @param kernel has the canvas and was brought the patch
 */
export function paint(
  kernel: ImageKernel,
  patch: Size,
  [x, y, width, height]: Rectangle,
  recipe: Recipe['patch'],
): void {
  const place: Size = [width, height];
  const size = recipe.fit === 'cover' ? coveringSize(patch, place) : place;
  const left = Math.floor((size[0] - width) / 2);
  const top = Math.floor((size[1] - height) / 2);
  kernel.resize({
    from: patch,
    size,
    window: [left, top, left + width, top + height],
    ...resamplingOf(recipe),
  });
  kernel.paste(x, y);
}

function coveringSize(patch: Size, place: Size): Size {
  const scale = Math.max(place[0] / patch[0], place[1] / patch[1]);
  return [
    Math.max(place[0], Math.round(patch[0] * scale)),
    Math.max(place[1], Math.round(patch[1] * scale)),
  ];
}
