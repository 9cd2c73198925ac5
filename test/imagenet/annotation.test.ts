import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AnnotatedBox, isImageId, toPixelBox } from '../../src/imagenet/annotation.js';
import { countDrops } from '../../src/imagenet/drops.js';

describe('isImageId', () => {
  it.each(['ILSVRC2012_val_00000001', 'n02105855_2933', 'a', '7', 'a.b-c_d', 'x'.repeat(128)])(
    'takes %s',
    (name) => {
      expect(isImageId(name)).toBe(true);
    },
  );

  it.each([
    '',
    '.',
    '..',
    '.hidden',
    '-flag',
    'a/b',
    '../a',
    'a\\b',
    'a b',
    'a\n',
    'a\0',
    '%s',
    'é',
    'x'.repeat(129),
  ])('refuses %j', (name) => {
    expect(isImageId(name)).toBe(false);
  });
});

describe('toPixelBox', () => {
  it('makes an inclusive box half-open', () => {
    // ILSVRC2012_val_00000001: columns 111 to 441, of which the last is inside
    expect(toPixelBox([111, 108, 441, 193], [500, 375], [500, 375])).toEqual([111, 108, 442, 194]);
  });

  it('keeps a box of one pixel', () => {
    expect(toPixelBox([5, 6, 5, 6], [10, 10], [10, 10])).toEqual([5, 6, 6, 7]);
  });

  it.each([null, [0, 0], [-5, -5], [NaN, NaN]] as const)(
    'takes the size of the image where the annotation says %j',
    (annotated) => {
      expect(toPixelBox([10, 20, 30, 40], annotated, [100, 50])).toEqual([10, 20, 31, 41]);
    },
  );

  it('scales from the size the annotation says to the size the image has', () => {
    // half of 10, 20, 29 + 1, 39 + 1
    expect(toPixelBox([10, 20, 29, 39], [500, 400], [250, 200])).toEqual([5, 10, 15, 20]);
    // x twofold, y unchanged
    expect(toPixelBox([10, 20, 29, 39], [100, 100], [200, 100])).toEqual([20, 20, 60, 40]);
  });

  it('rounds to the nearest pixel where the scale does not divide', () => {
    // 10 / 3 = 3.33 to 3; (20 + 1) / 3 = 7; 11 / 3 = 3.67 to 4; (21 + 1) / 3 = 7.33 to 7
    expect(toPixelBox([10, 11, 20, 21], [300, 300], [100, 100])).toEqual([3, 4, 7, 7]);
  });

  it.each<[string, AnnotatedBox, expected: number[]]>([
    ['left and top', [-10, -20, 9, 9], [0, 0, 10, 10]],
    ['right and bottom', [90, 40, 99, 60], [90, 40, 100, 50]],
    ['the last column and row', [99, 49, 100, 50], [99, 49, 100, 50]],
    ['every side', [-1e9, -1e9, 1e9, 1e9], [0, 0, 100, 50]],
    ['a box beyond all numbers', [-1e308, -1e308, 1e308, 1e308], [0, 0, 100, 50]],
  ])('clips to the image: %s', (_, box, expected) => {
    expect(toPixelBox(box, null, [100, 50])).toEqual(expected);
  });

  it.each<[string, AnnotatedBox]>([
    ['left and right reversed', [30, 10, 20, 40]],
    ['top and bottom reversed', [10, 40, 20, 30]],
    ['a number that is none', [NaN, 10, 20, 40]],
    ['a number without end', [0, 0, Infinity, 40]],
    ['a start without end', [-Infinity, 0, 20, 40]],
    ['wholly to the right', [100, 10, 120, 20]],
    ['wholly below', [10, 50, 20, 60]],
    ['wholly to the left', [-20, 10, -1, 20]],
    ['wholly above', [10, -20, 20, -1]],
  ])('has no box for one that is degenerate: %s', (_, box) => {
    expect(toPixelBox(box, null, [100, 50])).toBeUndefined();
  });

  it('has no box for one that vanishes when it is scaled down', () => {
    expect(toPixelBox([1, 1, 1, 1], [1000, 1000], [100, 100])).toBeUndefined();
  });

  it('is inside its image and not empty, or none, for any numbers', () => {
    const number = fc.oneof(fc.double(), fc.integer({ min: -50, max: 700 }));
    const side = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(
        fc.tuple(number, number, number, number),
        fc.option(fc.tuple(number, number)),
        fc.tuple(side, side),
        (annotation, annotated, image) => {
          const box = toPixelBox(annotation, annotated, image);
          if (!box) return;
          for (const value of box) expect(Number.isInteger(value)).toBe(true);
          const [x0, y0, x1, y1] = box;
          expect(0 <= x0 && x0 < x1 && x1 <= image[0]).toBe(true);
          expect(0 <= y0 && y0 < y1 && y1 <= image[1]).toBe(true);
        },
      ),
    );
  });

  it('keeps every box that lies inside an image of the annotated size, to the pixel', () => {
    const side = fc.integer({ min: 1, max: 600 });
    const inside = fc
      .tuple(side, side)
      .chain(([width, height]) =>
        fc.tuple(
          fc.constant([width, height] as const),
          fc.tuple(fc.nat(width - 1), fc.nat(width - 1)),
          fc.tuple(fc.nat(height - 1), fc.nat(height - 1)),
        ),
      );
    fc.assert(
      fc.property(inside, ([image, xs, ys]) => {
        const [xmin, xmax] = [Math.min(...xs), Math.max(...xs)];
        const [ymin, ymax] = [Math.min(...ys), Math.max(...ys)];
        const expected = [xmin, ymin, xmax + 1, ymax + 1];
        expect(toPixelBox([xmin, ymin, xmax, ymax], image, image)).toEqual(expected);
      }),
    );
  });
});

describe('countDrops', () => {
  it('adds counts up by reason and leaves out reasons without any', () => {
    const counts = countDrops({ 'too-small': 2, blocked: 0 }, {}, { 'too-small': 3, blocked: 1 });
    expect(counts).toEqual({ blocked: 1, 'too-small': 5 });
  });

  it('has its reasons in one order, whatever order they were met in', () => {
    const one = countDrops({ 'duplicate-box': 1, blocked: 1, 'image-corrupt': 1 });
    const other = countDrops({ 'image-corrupt': 1 }, { blocked: 1 }, { 'duplicate-box': 1 });
    expect(Object.keys(one)).toEqual(['blocked', 'image-corrupt', 'duplicate-box']);
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
  });
});
