import { describe, expect, it } from '@jest/globals';
import { newPnmImage, type PnmImage } from '../../src/image/pixels.js';
import { type Kernel, resize, resizeSync } from '../../src/image/resize.js';
import { drawImageOf, flatImage, noiseImage } from '../support/unit-images.js';
import { reference } from './reference.js';

const KERNELS: Kernel[] = ['box', 'bilinear', 'hamming', 'bicubic', 'mitchell', 'lanczos3'];

function rgbOf(rgba: Buffer): Buffer {
  return Buffer.from(rgba.filter((_, index) => index % 4 < 3));
}

function imageOf([width, height]: readonly [number, number], pixels: string): PnmImage {
  const image = newPnmImage(width, height);
  image.data.set(Buffer.from(pixels, 'base64'));
  return image;
}

const cases = reference.resize.flatMap(({ resized, ...given }) =>
  Object.entries(resized).map(([kernel, expected]) => ({ ...given, kernel, expected })),
);

/** How many levels each sample is off Pillow's, ascending. */
function levelsOff({ from, to, pixels, kernel, expected }: (typeof cases)[number]): number[] {
  const { data } = resizeSync(imageOf(from, pixels), ...to, kernel as Kernel);
  const pillow = Buffer.from(expected, 'base64');
  const off = [...rgbOf(data)].map((value, index) => Math.abs(value - pillow[index]!));
  expect(off).toHaveLength(3 * to[0] * to[1]);
  return off.sort((a, b) => a - b);
}

describe('resize', () => {
  it.each(cases.filter(({ contrast }) => contrast === 'moderate'))(
    'equals Pillow to one level: $kernel, $from to $to',
    (given) => {
      const off = levelsOff(given);
      expect(off[Math.floor(0.99 * off.length)]).toBeLessThanOrEqual(1);
      expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThanOrEqual(0.3);
    },
  );

  // Both cut what overshoots black and white between the two passes, but pass in another order.
  it.each(cases.filter(({ contrast }) => contrast === 'full'))(
    'equals Pillow to three levels at black and white: $kernel, $from to $to',
    (given) => {
      const off = levelsOff(given);
      expect(off.at(-1)).toBeLessThanOrEqual(3);
      expect(off[Math.floor(0.95 * off.length)]).toBeLessThanOrEqual(1);
    },
  );

  it('has a kernel of its own for every name', () => {
    const image = noiseImage(24, 18);
    const results = KERNELS.map((kernel) => resizeSync(image, 11, 9, kernel).data.toString('hex'));
    expect(new Set(results).size).toBe(KERNELS.length);
  });

  it.each(KERNELS)('keeps one colour as it is, opaque: %s', (kernel) => {
    const { data } = resizeSync(flatImage(13, 7, [200, 100, 3]), 5, 31, kernel);
    expect(data).toEqual(Buffer.alloc(4 * 5 * 31, Buffer.from([200, 100, 3, 255])));
  });

  it.each(KERNELS.filter((kernel) => kernel !== 'mitchell'))(
    'changes no pixel where the size stays: %s',
    (kernel) => {
      const image = noiseImage(17, 9);
      expect(rgbOf(resizeSync(image, 17, 9, kernel).data)).toEqual(image.data);
    },
  );

  it('averages with the box kernel', () => {
    // columns 0, 10 | 20, 30 become their means 5 and 25
    const image = drawImageOf(4, 1, (x) => [10 * x, 0, 255]);
    const { data } = resizeSync(image, 2, 1, 'box');
    expect([...data]).toEqual([5, 0, 255, 255, 25, 0, 255, 255]);
  });

  it.each([
    [1, 1],
    [1, 50],
    [50, 1],
    [300, 200],
  ])('makes one of %d x %d', (width, height) => {
    const resized = resizeSync(noiseImage(20, 30), width, height, 'lanczos3');
    expect(resized).toMatchObject({ width, height });
    expect(resized.data).toHaveLength(4 * width * height);
  });

  it('is the same in a thread of its own', async () => {
    const image = noiseImage(24, 18);
    const { data } = await resize(image, 11, 9, 'lanczos3');
    expect(data).toEqual(resizeSync(image, 11, 9, 'lanczos3').data);
  });
});
