import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  boxAround,
  fitInside,
  intersectionOverUnion,
  type PixelBox,
  sizeOf,
  widenBox,
} from '../../src/image/box.js';

const side = fc.integer({ min: 1, max: 500 });

/** Any box in an image, and the size of the image. */
const boxes = fc.tuple(side, side).chain(([width, height]) =>
  fc
    .tuple(
      fc.uniqueArray(fc.nat(width), { minLength: 2, maxLength: 2 }),
      fc.uniqueArray(fc.nat(height), { minLength: 2, maxLength: 2 }),
    )
    .map(([xs, ys]) => {
      const [x0, x1] = xs.sort((a, b) => a - b) as [number, number];
      const [y0, y1] = ys.sort((a, b) => a - b) as [number, number];
      return { image: [width, height] as const, box: [x0, y0, x1, y1] as PixelBox };
    }),
);

describe('sizeOf', () => {
  it('is the width and height of a half-open box', () => {
    expect(sizeOf([10, 20, 13, 27])).toEqual([3, 7]);
  });
});

describe('intersectionOverUnion', () => {
  it.each<[string, PixelBox, PixelBox, number]>([
    ['the same box', [0, 0, 10, 10], [0, 0, 10, 10], 1],
    ['boxes side by side', [0, 0, 10, 10], [10, 0, 20, 10], 0],
    ['boxes apart', [0, 0, 10, 10], [50, 50, 60, 60], 0],
    ['half and half', [0, 0, 10, 10], [5, 0, 15, 10], 1 / 3], // 50 of 150
    ['one in the other', [0, 0, 10, 10], [0, 0, 10, 9], 0.9], // 90 of 100
    ['corner on corner', [0, 0, 10, 10], [5, 5, 15, 15], 1 / 7], // 25 of 175
  ])('of %s', (_, a, b, expected) => {
    expect(intersectionOverUnion(a, b)).toBeCloseTo(expected, 15);
    expect(intersectionOverUnion(b, a)).toBeCloseTo(expected, 15);
  });
});

describe('boxAround', () => {
  it('is the smallest box around all', () => {
    expect(boxAround([[5, 6, 9, 10]])).toEqual([5, 6, 9, 10]);
    const around = boxAround([
      [5, 6, 9, 10],
      [2, 8, 6, 20],
      [4, 7, 12, 9],
    ]);
    expect(around).toEqual([2, 6, 12, 20]);
  });
});

describe('widenBox', () => {
  it('adds a fraction of each side on both ends', () => {
    // 10% of 40 and of 20
    expect(widenBox([30, 30, 70, 50], 0.1, [200, 200])).toEqual([26, 28, 74, 52]);
  });

  it('stops at the edge of the image', () => {
    expect(widenBox([10, 10, 90, 90], 1, [100, 95])).toEqual([0, 0, 100, 95]);
  });

  it('leaves a box as it is without a margin, and never leaves the image', () => {
    fc.assert(
      fc.property(boxes, fc.double({ min: 0, max: 1, noNaN: true }), ({ image, box }, margin) => {
        expect(widenBox(box, 0, image)).toEqual(box);
        const [x0, y0, x1, y1] = widenBox(box, margin, image);
        expect(x0 >= 0 && y0 >= 0 && x1 <= image[0] && y1 <= image[1]).toBe(true);
        expect(x0 <= box[0] && y0 <= box[1] && x1 >= box[2] && y1 >= box[3]).toBe(true);
      }),
    );
  });
});

describe('fitInside', () => {
  it.each([
    [
      [200, 100],
      [100, 100],
      [100, 50],
    ],
    [
      [100, 200],
      [100, 100],
      [50, 100],
    ],
    [
      [10, 5],
      [100, 100],
      [100, 50],
    ],
    [
      [3, 2],
      [100, 100],
      [100, 67],
    ], // 66.7
    [
      [1000, 1],
      [100, 100],
      [100, 1],
    ], // 0.1, but at least 1
    [
      [1, 1000],
      [50, 100],
      [1, 100],
    ],
  ] as const)('fits %j into %j as %j', (size, limit, expected) => {
    expect(fitInside(size, limit)).toEqual(expected);
  });

  it('fills one side of the limit and stays within the other, for any sizes', () => {
    fc.assert(
      fc.property(fc.tuple(side, side), fc.tuple(side, side), (size, limit) => {
        const [width, height] = fitInside(size, limit);
        expect(width === limit[0] || height === limit[1]).toBe(true);
        expect(width >= 1 && width <= limit[0] && height >= 1 && height <= limit[1]).toBe(true);
      }),
    );
  });
});
