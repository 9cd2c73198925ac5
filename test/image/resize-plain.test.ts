import { describe, expect, it } from '@jest/globals';
import { resizePlain } from '../../src/image/resize-plain.js';
import { drawImageOf, flatImage, noiseImage } from '../support/unit-images.js';

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
