import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resizePlain, resizeWindow, type WindowKernel } from '../../src/image/pillow-resize.js';
import { cutOut } from '../../src/image/pixels.js';
import { drawImageOf, flatImage, noiseImage } from '../support/unit-images.js';
import { reference } from './reference.js';

const KERNELS: WindowKernel[] = ['box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];

/** Pillow's own results, made by scripts/resize-reference.py. */
const cases = reference.resize.flatMap(({ resized, ...given }) =>
  KERNELS.map((kernel) => ({
    ...given,
    kernel,
    expected: resized[kernel === 'lanczos' ? 'lanczos3' : kernel]!,
  })),
);

describe('resizeWindow', () => {
  it.each(cases)(
    'equals Pillow level for level: $kernel, $from to $to, $contrast contrast',
    ({ from: [width, height], to, pixels, kernel, expected }) => {
      const image = { width, height, data: Buffer.from(pixels, 'base64') };
      const resized = resizeWindow(image, to, kernel, [0, 0, ...to]);
      expect(resized.data.equals(Buffer.from(expected, 'base64'))).toBe(true);
    },
  );

  it('gives the same part of the result, whatever else is asked for', () => {
    const side = fc.integer({ min: 1, max: 40 });
    const given = fc.record({
      from: fc.tuple(side, side),
      to: fc.tuple(side, side),
      kernel: fc.constantFrom(...KERNELS),
      part: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(given, ({ from, to, kernel, part }) => {
        const image = noiseImage(...from);
        const [x0, y0] = [part[0]! % to[0], part[1]! % to[1]];
        const [x1, y1] = [x0 + 1 + (part[2]! % (to[0] - x0)), y0 + 1 + (part[3]! % (to[1] - y0))];
        const whole = resizeWindow(image, to, kernel, [0, 0, ...to]);
        const window = resizeWindow(image, to, kernel, [x0, y0, x1, y1]);
        expect(window.data.equals(cutOut(whole, [x0, y0, x1, y1]).data)).toBe(true);
      }),
    );
  });

  it.each(KERNELS)('leaves a flat image flat: %s', (kernel) => {
    const { data } = resizeWindow(flatImage(31, 7, [0, 255, 99]), [9, 20], kernel, [0, 0, 9, 20]);
    expect([...data]).toEqual(Array.from({ length: 180 }, () => [0, 255, 99]).flat());
  });
});

/** A row of grey pixels; the result's are read the same way. */
function resizeRow(
  greys: readonly number[],
  width: number,
  kernel: Parameters<typeof resizePlain>[3],
): number[] {
  const image = drawImageOf(greys.length, 1, (x) => [greys[x]!, greys[x]!, greys[x]!]);
  const { data } = resizePlain(image, width, 1, kernel);
  return Array.from({ length: width }, (_, x) => data[3 * x]!);
}

describe('resizePlain', () => {
  it('takes the nearest pixel to the left, as torch does', () => {
    // floor(x * 5 / 3) = 0, 1, 3
    expect(resizeRow([10, 20, 30, 40, 50], 3, 'nearest')).toEqual([10, 20, 40]);
  });

  it('looks at two pixels only, however much it shrinks', () => {
    // centres at (x + 0.5) * 4 - 0.5 = 1.5 and 5.5: the means of pixels 1, 2 and of 5, 6
    expect(resizeRow([0, 100, 200, 0, 0, 10, 30, 0], 2, 'bilinear')).toEqual([150, 20]);
  });

  it('enlarges along straight lines', () => {
    // centres at -0.25 (clamped to 0), 0.25, 0.75 and 1.25 (its right neighbour is itself)
    expect(resizeRow([0, 100], 4, 'bilinear')).toEqual([0, 25, 75, 100]);
  });

  it("weighs four pixels by Keys' cubic with a = -0.75", () => {
    // centre (0 + 0.5) * 4 - 0.5 = 1.5: weights at 0.5 are -0.09375, 0.59375, 0.59375, -0.09375
    // -0.09375 * (10 + 60) + 0.59375 * (100 + 200) = -6.5625 + 178.125 = 171.5625
    expect(resizeRow([10, 100, 200, 60], 1, 'bicubic')).toEqual([172]);
  });

  it.each(['nearest', 'bilinear', 'bicubic'] as const)('leaves a flat image flat: %s', (kernel) => {
    const { data } = resizePlain(flatImage(17, 9, [12, 200, 99]), 8, 31, kernel);
    expect(data.length).toBe(3 * 8 * 31);
    for (let at = 0; at < data.length; at += 3) {
      expect([data[at], data[at + 1], data[at + 2]]).toEqual([12, 200, 99]);
    }
  });

  it.each(['nearest', 'bilinear', 'bicubic'] as const)(
    'is the image itself at its size: %s',
    (kernel) => {
      const image = noiseImage(13, 7);
      expect(resizePlain(image, 13, 7, kernel).data.equals(image.data)).toBe(true);
    },
  );
});
