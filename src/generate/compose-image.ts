import { createCipheriv } from 'node:crypto';
import type { Size } from '../image/box.js';
import { dropAlpha } from '../image/encode.js';
import type { PnmImage, RgbImage } from '../image/pixels.js';
import { resizeSync, type RgbaImage } from '../image/resize.js';
import { openStream } from '../random.js';
import { canvasSize, type Rectangle } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';
import type { PlanRow } from './make-plan.js';
import type { PatchRow } from './pool.js';
import type { PoolReader } from './pool-reader.js';

/** A plan row and the pool rows of its patches, in the same order. */
export interface ComposeTask {
  row: PlanRow;
  patches: readonly PatchRow[];
}

/** Composes images, each from its task alone; the results are in the tasks' order. */
export type Composer = (tasks: readonly ComposeTask[]) => Promise<RgbImage[]>;

/** A composer for a recipe and a pool. */
export function openComposer(recipe: Recipe, pool: PoolReader): Composer {
  const [width, height] = canvasSize(recipe);
  const background = openBackground(recipe);
  const compose = ({ row, patches }: ComposeTask): RgbaImage => {
    const canvas = { width, height, data: background(row.id) };
    for (const [index, { bbox }] of row.objects.entries()) {
      paint(canvas, pool.readChecked(patches[index]!), bbox, recipe.patch);
    }
    return canvas;
  };
  return (tasks) => dropAlpha(tasks.map(compose));
}

/** RGB of the named backgrounds; `imagenet-mean` is 0.485, 0.456, 0.406 of 255, rounded. */
const COLOURS: Record<string, readonly [number, number, number]> = {
  white: [255, 255, 255],
  black: [0, 0, 0],
  grey: [128, 128, 128],
  'imagenet-mean': [124, 116, 104],
};

/**
 * What blank canvases of a recipe are filled with: a function from an image's id to its blank RGBA
 * canvas, a new buffer each time.
 */
export function openBackground(recipe: Recipe): (id: string) => Buffer {
  const [width, height] = canvasSize(recipe);
  const bytes = 4 * width * height;
  const { background } = recipe.canvas;
  if (background === 'noise') return (id) => noise(`${recipe.seed}/noise/image=${id}`, bytes);
  const blank = Buffer.alloc(bytes, Buffer.from([...toRgb(background), 255]));
  return () => Buffer.from(blank);
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
 * Paints a patch into its place on a canvas, which is changed: resized to the place, or for `cover`
 * to the smallest size of its own aspect that fills the place, of which the centre shows.
 */
export function paint(
  canvas: RgbaImage,
  patch: PnmImage,
  place: Rectangle,
  { fit, kernel }: Recipe['patch'],
): void {
  const [x, y, width, height] = place;
  const size =
    fit === 'cover'
      ? coveringSize([patch.width, patch.height], [width, height])
      : ([width, height] as const);
  const resized = resizeSync(patch, size[0], size[1], kernel);
  const left = Math.floor((size[0] - width) / 2);
  const top = Math.floor((size[1] - height) / 2);
  for (let row = 0; row < height; row += 1) {
    const start = 4 * ((top + row) * size[0] + left);
    const target = 4 * ((y + row) * canvas.width + x);
    resized.data.copy(canvas.data, target, start, start + 4 * width);
  }
}

function coveringSize(patch: Size, place: Size): Size {
  const scale = Math.max(place[0] / patch[0], place[1] / patch[1]);
  return [
    Math.max(place[0], Math.round(patch[0] * scale)),
    Math.max(place[1], Math.round(patch[1] * scale)),
  ];
}
