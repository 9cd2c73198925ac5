import type { RgbImage } from './pixels.js';
import { loadSharp } from './sharp.js';

/**
 * A small JPEG of an image, for people to look at; an image that is smaller already keeps its size.
 * @param side px that it fits in
 */
export async function makeThumbnail(image: RgbImage, side: number): Promise<Buffer> {
  const { data, width, height } = image;
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 82 })
    .toBuffer();
}
