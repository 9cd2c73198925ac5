import { createCipheriv } from 'node:crypto';
import { openStream } from '../random/stream.js';
import { canvasSize } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';

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
