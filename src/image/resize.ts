import { FastResizeFilter, ResizeFit, Transformer } from '@napi-rs/image';
import type { PnmImage } from './pixels.js';

/** Interleaved RGBA, 8 bits a sample, row by row from the top: `4 * width * height` bytes. */
export interface RgbaImage {
  width: number;
  height: number;
  data: Buffer;
}

/** A resampling kernel, by Pillow's name for it; all are antialiased. */
export type Kernel = 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'mitchell' | 'lanczos3';

const FILTERS: Record<Kernel, FastResizeFilter> = {
  box: FastResizeFilter.Box,
  bilinear: FastResizeFilter.Bilinear,
  hamming: FastResizeFilter.Hamming,
  bicubic: FastResizeFilter.CatmullRom,
  mitchell: FastResizeFilter.Mitchell,
  lanczos3: FastResizeFilter.Lanczos3,
};

/**
 * Resizes as `PIL.Image.resize` does, to one level at the 99th percentile, in a thread of its own.
 * The result is opaque RGBA, which is what the resizer works in.
 */
export async function resize(
  image: PnmImage,
  width: number,
  height: number,
  kernel: Kernel,
): Promise<RgbaImage> {
  const data = await start(image, width, height, kernel).rawPixels();
  return { width, height, data };
}

/** As {@link resize}, in the calling thread. */
export function resizeSync(
  image: PnmImage,
  width: number,
  height: number,
  kernel: Kernel,
): RgbaImage {
  return { width, height, data: start(image, width, height, kernel).rawPixelsSync() };
}

function start(image: PnmImage, width: number, height: number, kernel: Kernel): Transformer {
  const options = { width, height, filter: FILTERS[kernel], fit: ResizeFit.Fill };
  return new Transformer(image.pnm).fastResize(options);
}
