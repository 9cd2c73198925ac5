import { describe, expect, it } from '@jest/globals';
import { paint } from '../../src/generate/compose-image.js';
import type { PnmImage } from '../../src/image/pixels.js';
import type { RgbaImage } from '../../src/image/resize.js';
import type { Rectangle } from '../../src/recipe/geometry.js';
import { drawImageOf, flatImage, noiseImage } from '../support/unit-images.js';
import { recipeWith } from '../support/unit-recipes.js';

const WHITE = [255, 255, 255, 255];
const RED = [200, 0, 0] as const;
const BLUE = [0, 0, 200] as const;

/** A white canvas of 12 x 10 with a patch painted on it. */
function painted(
  patch: PnmImage,
  place: Rectangle,
  fit: 'contain' | 'cover' | 'stretch',
  kernel: 'lanczos3' | 'box' = 'lanczos3',
): (x: number, y: number) => number[] {
  const canvas: RgbaImage = { width: 12, height: 10, data: Buffer.alloc(4 * 12 * 10, 255) };
  paint(canvas, patch, place, recipeWith({ patch: { fit, kernel } }).patch);
  return (x, y) => [...canvas.data.subarray(4 * (12 * y + x), 4 * (12 * y + x) + 4)];
}

/** What a canvas of 12 x 10 shows that is white but for its place. */
function expectShown(
  at: (x: number, y: number) => number[],
  [left, top, width, height]: Rectangle,
  colourAt: (x: number, y: number) => readonly number[],
): void {
  for (let y = 0; y < 10; y += 1) {
    for (let x = 0; x < 12; x += 1) {
      const inside = x >= left && x < left + width && y >= top && y < top + height;
      const colour = inside ? [...colourAt(x - left, y - top), 255] : WHITE;
      expect([x, y, at(x, y)]).toEqual([x, y, colour]);
    }
  }
}

describe('paint', () => {
  it('copies a patch that has the size of its place, pixel by pixel, and nothing else', () => {
    const patch = noiseImage(5, 4);
    const pixel = (x: number, y: number): Buffer =>
      patch.data.subarray(3 * (5 * y + x), 3 * (5 * y + x) + 3);
    const place: Rectangle = [3, 2, 5, 4];
    expectShown(painted(patch, place, 'contain'), place, (x, y) => [...pixel(x, y)]);
  });

  it.each<Rectangle>([
    [0, 0, 12, 10],
    [0, 0, 1, 1],
    [11, 9, 1, 1],
    [4, 0, 8, 10],
  ])('fills its place to the edge of the canvas: %d, %d, %d x %d', (...place) => {
    for (const fit of ['contain', 'cover', 'stretch'] as const) {
      expectShown(painted(flatImage(7, 3, RED), place, fit), place, () => RED);
    }
  });

  it('shows the middle of a patch that is wider than its place, to cover', () => {
    // 8 x 4 in 4 x 4: columns 2 to 5 show; red up to column 3
    const patch = drawImageOf(8, 4, (x) => (x < 4 ? RED : BLUE));
    const place: Rectangle = [1, 1, 4, 4];
    expectShown(painted(patch, place, 'cover'), place, (x) => (x < 2 ? RED : BLUE));
  });

  it('shows the middle of a patch that is higher than its place, to cover', () => {
    // 4 x 7 in 4 x 4: rows floor(3 / 2) = 1 to 4 show; red up to row 2
    const patch = drawImageOf(4, 7, (_, y) => (y < 3 ? RED : BLUE));
    const place: Rectangle = [1, 1, 4, 4];
    expectShown(painted(patch, place, 'cover'), place, (_, y) => (y < 2 ? RED : BLUE));
  });

  it('scales a patch until it covers its place', () => {
    // 4 x 2 in 6 x 6: 12 x 6, of which columns 3 to 8 show: both halves
    const patch = drawImageOf(4, 2, (x) => (x < 2 ? RED : BLUE));
    const place: Rectangle = [2, 2, 6, 6];
    expectShown(painted(patch, place, 'cover', 'box'), place, (x) => (x < 3 ? RED : BLUE));
  });

  it('distorts a patch to its place, to stretch', () => {
    // 4 x 2 in 6 x 6: each column 1.5, so the halves still meet in the middle
    const patch = drawImageOf(4, 2, (x) => (x < 2 ? RED : BLUE));
    const place: Rectangle = [2, 2, 6, 6];
    expectShown(painted(patch, place, 'stretch', 'box'), place, (x) => (x < 3 ? RED : BLUE));
  });

  it('uses the kernel of the recipe', () => {
    const patch = noiseImage(9, 9);
    const at = (['lanczos3', 'box'] as const).map((kernel) =>
      painted(patch, [0, 0, 4, 4], 'contain', kernel)(1, 1),
    );
    expect(at[0]).not.toEqual(at[1]);
  });
});
