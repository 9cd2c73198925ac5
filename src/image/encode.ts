import turbo from '@julusian/jpeg-turbo';
import { CompressionType, FilterType, Transformer } from '@napi-rs/image';
import { newPnmImage, type RgbImage } from './pixels.js';
import type { RgbaImage } from './resize.js';
import { loadSharp } from './sharp.js';

/** File formats of a dataset's images; PNG and WebP are lossless. */
export type ImageFormat = 'png' | 'jpeg' | 'webp';

export const EXTENSIONS: Record<ImageFormat, string> = { png: '.png', jpeg: '.jpg', webp: '.webp' };

/**
 * Encodes an image. PNG is written by a pure Rust encoder, so that its bytes do not depend on the
 * processor's instructions; WebP is lossless; JPEG is 4:4:4.
 * @param quality 1 to 100, JPEG only
 */
export async function encode(
  image: RgbImage,
  format: ImageFormat,
  quality: number,
): Promise<Buffer> {
  const { width, height, data } = image;
  switch (format) {
    case 'png': {
      const copy = newPnmImage(width, height);
      data.copy(copy.data);
      return new Transformer(copy.pnm).pngSync({
        compressionType: CompressionType.Fast,
        filterType: FilterType.Adaptive,
      });
    }
    case 'jpeg':
      return turbo.compressSync(data, {
        format: turbo.FORMAT_RGB,
        width,
        height,
        quality,
        subsampling: turbo.SAMP_444,
      });
    case 'webp': {
      const sharp = await loadSharp();
      return sharp(data, { raw: { width, height, channels: 3 } })
        .webp({ lossless: true, effort: 0 })
        .toBuffer();
    }
  }
}

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
  const sharp = await loadSharp();
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
