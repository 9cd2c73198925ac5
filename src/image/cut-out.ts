import { type PixelBox, sizeOf } from './box.js';
import { newPnmImage, type PnmImage, type RgbImage } from './rgb-image.js';

/** Cuts a box out of an image by copying its rows. */
export function cutOut(image: RgbImage, box: PixelBox): PnmImage {
  const [width, height] = sizeOf(box);
  const cut = newPnmImage(width, height);
  for (let y = 0; y < height; y += 1) {
    const start = 3 * ((box[1] + y) * image.width + box[0]);
    image.data.copy(cut.data, 3 * width * y, start, start + 3 * width);
  }
  return cut;
}
