import { type PixelBox, sizeOf } from './box.js';
import type { RgbImage } from './decode.js';

/** Cuts a box out of an image by copying its rows. */
export function cutOut(image: RgbImage, box: PixelBox): RgbImage {
  const [width, height] = sizeOf(box);
  const data = Buffer.allocUnsafeSlow(3 * width * height);
  for (let y = 0; y < height; y += 1) {
    const start = 3 * ((box[1] + y) * image.width + box[0]);
    image.data.copy(data, 3 * width * y, start, start + 3 * width);
  }
  return { width, height, data };
}
