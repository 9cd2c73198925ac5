import { newPnmImage, type PnmImage, type RgbImage } from './pixels.js';
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
  image: RgbImage | PnmImage,
  format: ImageFormat,
  quality: number,
): Promise<Buffer> {
  const { width, height, data } = image;
  switch (format) {
    case 'png': {
      const { CompressionType, FilterType, Transformer } = await import('@napi-rs/image');
      return new Transformer(pnmOf(image)).pngSync({
        compressionType: CompressionType.Fast,
        filterType: FilterType.Adaptive,
      });
    }
    case 'jpeg': {
      const { default: turbo } = await import('@julusian/jpeg-turbo');
      const size = { width, height, subsampling: turbo.SAMP_444 };
      const most = turbo.bufferSize(size);
      if (room.length < most) room = Buffer.allocUnsafeSlow(most);
      const file = turbo.compressSync(data, room, { ...size, format: turbo.FORMAT_RGB, quality });
      return Buffer.from(file);
    }
    case 'webp': {
      const sharp = await loadSharp();
      return sharp(data, { raw: { width, height, channels: 3 } })
        .webp({ lossless: true, effort: 0 })
        .toBuffer();
    }
  }
}

/**
 * What JPEGs are written into. Without it the encoder makes new memory for each: as much as the
 * largest JPEG of its size could take, ten times what it does take.
 */
let room = Buffer.alloc(0);

function pnmOf(image: RgbImage | PnmImage): Buffer {
  if ('pnm' in image) return image.pnm;
  const copy = newPnmImage(image.width, image.height);
  image.data.copy(copy.data);
  return copy.pnm;
}
