import sharp from 'sharp';
import type { RgbaImage } from './resize.js';
import type { RgbImage } from './rgb-image.js';

/** Pixels a row of the one image that all are put into; any number serves. */
const WIDTH = 1024;

/**
 * The RGB parts of RGBA images. Most of the time of a call is the same whatever the number of
 * pixels, so all images go through it as one.
 */
export async function dropAlpha(images: readonly RgbaImage[]): Promise<RgbImage[]> {
  if (images.length === 0) return [];
  const pixels = images.reduce((sum, { width, height }) => sum + width * height, 0);
  const height = Math.ceil(pixels / WIDTH);
  const rgba = Buffer.concat(
    images.map(({ data }) => data),
    4 * WIDTH * height,
  );
  const rgb = await sharp(rgba, { raw: { width: WIDTH, height, channels: 4 } })
    .removeAlpha()
    .raw()
    .toBuffer();
  let start = 0;
  return images.map(({ width, height }) => {
    const data = rgb.subarray(start, start + 3 * width * height);
    start += data.length;
    return { width, height, data };
  });
}
