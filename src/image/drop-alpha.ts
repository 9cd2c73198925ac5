import sharp from 'sharp';
import type { RgbImage } from './decode.js';
import type { RgbaImage } from './resize.js';

/** The RGB part of an RGBA image. */
export async function dropAlpha({ width, height, data }: RgbaImage): Promise<RgbImage> {
  const rgb = await sharp(data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .raw()
    .toBuffer();
  return { width, height, data: rgb };
}
