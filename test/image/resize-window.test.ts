import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resizeWindow, type WindowKernel } from '../../src/image/pillow-resize.js';
import { cutOut } from '../../src/image/pixels.js';
import { flatImage, noiseImage } from '../support/unit-images.js';
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
