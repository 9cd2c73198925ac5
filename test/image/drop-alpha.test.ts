import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dropAlpha } from '../../src/image/encode.js';
import type { RgbaImage } from '../../src/image/resize.js';

const images: fc.Arbitrary<RgbaImage[]> = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), fc.nat(255))
    .map(([width, height, seed]) => ({
      width,
      height,
      data: Buffer.from(
        Array.from({ length: 4 * width * height }, (_, i) => (i * 31 + seed) & 255),
      ),
    })),
  { maxLength: 5 },
);

describe('dropAlpha', () => {
  it('keeps red, green and blue as they are, whatever the alpha', async () => {
    const data = Buffer.from([10, 20, 30, 0, 40, 50, 60, 128, 70, 80, 90, 255]);
    const [image] = await dropAlpha([{ width: 3, height: 1, data }]);
    expect(image).toMatchObject({ width: 3, height: 1 });
    expect([...image!.data]).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });

  it('gives each of many images its own pixels, in their order', async () => {
    await fc.assert(
      fc.asyncProperty(images, async (given) => {
        const dropped = await dropAlpha(given);
        expect(dropped.map(({ width, height }) => [width, height])).toEqual(
          given.map(({ width, height }) => [width, height]),
        );
        for (const [index, { data }] of given.entries()) {
          expect(dropped[index]!.data.equals(data.filter((_, i) => i % 4 < 3))).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});
