import { type PixelBox, sizeOf } from './box.js';

/** Interleaved RGB, 8 bits per sample, row by row from the top: `3 * width * height` bytes. */
export interface RgbImage {
  width: number;
  height: number;
  data: Buffer;
}

/**
 * An RGB image that is a binary PNM file at the same time: a short header, and behind it the very
 * bytes of `data`. It is the form that the PNG encoder reads without conversion.
 */
export interface PnmImage extends RgbImage {
  pnm: Buffer;
}

/** An image to be filled; its pixels are whatever the memory held. */
export function newPnmImage(width: number, height: number): PnmImage {
  const header = `P6\n${width} ${height}\n255\n`;
  const pnm = Buffer.allocUnsafeSlow(header.length + 3 * width * height);
  pnm.write(header, 'latin1');
  return { width, height, data: pnm.subarray(header.length), pnm };
}

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
