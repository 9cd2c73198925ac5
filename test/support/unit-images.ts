import { newPnmImage, type PnmImage } from '../../src/image/pixels.js';
import { openStream } from '../../src/random.js';

/** An image whose pixel at x, y is what a function says. */
export function drawImageOf(
  width: number,
  height: number,
  colourAt: (x: number, y: number) => readonly [number, number, number],
): PnmImage {
  const image = newPnmImage(width, height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) image.data.set(colourAt(x, y), 3 * (y * width + x));
  }
  return image;
}

/** An image of one colour. */
export function flatImage(
  width: number,
  height: number,
  colour: readonly [number, number, number],
): PnmImage {
  return drawImageOf(width, height, () => colour);
}

/** An image of noise that depends on its name alone. */
export function noiseImage(width: number, height: number, name = 'noise'): PnmImage {
  const stream = openStream(name);
  return drawImageOf(width, height, () => [stream.int(256), stream.int(256), stream.int(256)]);
}

/** An image of slow changes, which a JPEG keeps well. */
export function smoothImage(width: number, height: number): PnmImage {
  return drawImageOf(width, height, (x, y) => [
    Math.round(128 + 100 * Math.sin(x / 11)),
    Math.round(128 + 100 * Math.cos(y / 13)),
    Math.round(128 + 100 * Math.sin((x + y) / 17)),
  ]);
}
