import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import { encode, EXTENSIONS, type ImageFormat } from '../../src/image/encode.js';
import type { RgbImage } from '../../src/image/pixels.js';
import { noiseImage, smoothImage } from '../support/unit-images.js';

async function decode(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes).raw().toBuffer();
}

const images: fc.Arbitrary<RgbImage> = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.string())
  .map(([width, height, name]) => noiseImage(width, height, name));

describe('encode', () => {
  it.each(['png', 'webp'] as const)('loses nothing as %s', async (format) => {
    await fc.assert(
      fc.asyncProperty(images, async (image) => {
        expect((await decode(await encode(image, format, 95))).equals(image.data)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each<[ImageFormat, object]>([
    ['png', { format: 'png', channels: 3, depth: 'uchar', space: 'srgb', hasAlpha: false }],
    ['webp', { format: 'webp', channels: 3, hasAlpha: false }],
    ['jpeg', { format: 'jpeg', channels: 3, chromaSubsampling: '4:4:4', isProgressive: false }],
  ])('writes %s of three channels', async (format, expected) => {
    const bytes = await encode(smoothImage(40, 30), format, 95);
    expect(await sharp(bytes).metadata()).toMatchObject({ ...expected, width: 40, height: 30 });
  });

  it('writes a PNG without a palette, and with nothing but pixels', async () => {
    const bytes = await encode(smoothImage(40, 30), 'png', 95);
    expect(bytes[25]).toBe(2); // colour type: RGB
    const chunks = new Set(bytes.toString('latin1').match(/IHDR|IDAT|IEND|tEXt|tIME|iCCP|PLTE/g));
    expect([...chunks].sort()).toEqual(['IDAT', 'IEND', 'IHDR']);
  });

  it('comes close as JPEG, and closer with a higher quality', async () => {
    const image = smoothImage(96, 64);
    const errorAt = async (quality: number): Promise<number> => {
      const decoded = await decode(await encode(image, 'jpeg', quality));
      const sum = decoded.reduce((total, value, i) => total + Math.abs(value - image.data[i]!), 0);
      return sum / decoded.length;
    };
    expect(await errorAt(95)).toBeLessThan(1.5);
    expect(await errorAt(100)).toBeLessThan(await errorAt(95));
    expect(await errorAt(50)).toBeGreaterThan(await errorAt(95));
  });

  it.each(['png', 'jpeg', 'webp'] as const)(
    'gives the same bytes each time as %s',
    async (format) => {
      const [one, other] = [noiseImage(33, 21), noiseImage(33, 21)];
      expect((await encode(one, format, 95)).equals(await encode(other, format, 95))).toBe(true);
    },
  );

  it('has an extension for every format', () => {
    expect(EXTENSIONS).toEqual({ png: '.png', jpeg: '.jpg', webp: '.webp' });
  });
});
