import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import type { ImageError } from '../../src/errors.js';
import type { PixelBox } from '../../src/image/box.js';
import { decodeImage, decodeRegion, readImageHeader } from '../../src/image/decode.js';
import { cutOut, type RgbImage } from '../../src/image/pixels.js';
import { drawImageOf, noiseImage, smoothImage } from '../support/unit-images.js';
import { jpegClaiming, pngClaiming } from '../support/hostile-images.js';
import { pillowFormats, reference } from './reference.js';

const REAL = '../shared/imagenet-val/images';

function pictureOf({ width, height, data }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A region of an image file, decoded as the pool does it. */
async function decode(bytes: Buffer, region?: PixelBox): Promise<RgbImage> {
  const header = await readImageHeader(bytes);
  return decodeRegion(bytes, region ?? [0, 0, ...header.size], header);
}

/** All of an image file's pixels, as sharp decodes them without a region. */
async function decodeWhole(bytes: Buffer): Promise<RgbImage> {
  const { data, info } = await sharp(bytes, { ignoreIcc: true })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

const image = smoothImage(160, 120);
const formats: Record<string, () => Promise<Buffer>> = {
  'a JPEG': () => pictureOf(image).jpeg({ quality: 90 }).toBuffer(),
  'a progressive JPEG': () => pictureOf(image).jpeg({ progressive: true }).toBuffer(),
  'a PNG': () => pictureOf(image).png().toBuffer(),
  'an interlaced PNG': () => pictureOf(image).png({ progressive: true }).toBuffer(),
  'a WebP': () => pictureOf(image).webp({ lossless: true }).toBuffer(),
};

const regions: fc.Arbitrary<PixelBox> = fc
  .tuple(
    fc.uniqueArray(fc.nat(160), { minLength: 2, maxLength: 2 }),
    fc.uniqueArray(fc.nat(120), { minLength: 2, maxLength: 2 }),
  )
  .map(([xs, ys]) => [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]);

describe('decodeRegion', () => {
  it.each(Object.keys(formats))(
    'gives the pixels that the whole of %s has there',
    async (format) => {
      const bytes = await formats[format]!();
      const whole = await decodeWhole(bytes);
      await fc.assert(
        fc.asyncProperty(regions, async (region) => {
          const { width, height, data } = await decode(bytes, region);
          expect([width, height]).toEqual([region[2] - region[0], region[3] - region[1]]);
          expect(data.equals(cutOut(whole, region).data)).toBe(true);
        }),
        { numRuns: 20 },
      );
    },
  );

  it('gives the very pixels of a lossless file', async () => {
    expect((await decode(await formats['a PNG']!())).data.equals(image.data)).toBe(true);
    expect((await decode(await formats['a WebP']!())).data.equals(image.data)).toBe(true);
  });

  it.each(['jpeg', 'png'] as const)('ignores an ICC profile in a %s', async (format) => {
    const plain = await pictureOf(image).toFormat(format).toBuffer();
    const profiled = await pictureOf(image).toFormat(format).keepIccProfile().toBuffer();
    const p3 = await sharp(profiled)
      .withIccProfile('p3', { attach: true })
      .toFormat(format)
      .toBuffer();
    const converted = await sharp(p3).raw().toBuffer();
    const stored = await decodeWhole(p3);
    expect((await sharp(p3).metadata()).icc).toBeDefined();
    expect(converted.equals(stored.data)).toBe(false); // the profile would change the colours
    expect((await decode(p3)).data.equals(stored.data)).toBe(true);
    expect((await decode(plain)).data.equals((await decodeWhole(plain)).data)).toBe(true);
  });

  it('spreads grey to red, green and blue', async () => {
    const bytes = await pictureOf(image).toColourspace('b-w').png().toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    const { data } = await decode(bytes);
    expect(data).toHaveLength(3 * 160 * 120);
    for (let i = 0; i < data.length; i += 3) {
      if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) throw new Error(`pixel ${i / 3}`);
    }
  });

  it('cuts off alpha: a transparent pixel keeps the colour it hides', async () => {
    const rgba = Buffer.from([200, 100, 50, 0, 1, 2, 3, 128]);
    const raw = { width: 2, height: 1, channels: 4 } as const;
    for (const file of [
      sharp(rgba, { raw }).png(),
      sharp(rgba, { raw }).webp({ lossless: true, exact: true }),
    ]) {
      expect([...(await decode(await file.toBuffer())).data]).toEqual([200, 100, 50, 1, 2, 3]);
    }
  });

  it.each([2, 3, 6, 8])('ignores the EXIF orientation %d', async (orientation) => {
    const plain = await pictureOf(image).jpeg().toBuffer();
    const turned = await pictureOf(image).jpeg().withMetadata({ orientation }).toBuffer();
    expect((await sharp(turned).metadata()).orientation).toBe(orientation);
    expect((await readImageHeader(turned)).size).toEqual([160, 120]);
    expect((await decode(turned)).data.equals((await decode(plain)).data)).toBe(true);
  });

  it('gives a palette its colours', async () => {
    const four = drawImageOf(8, 8, (x, y) =>
      x < 4 ? [255, 0, 0] : y < 4 ? [0, 0, 255] : [9, 9, 9],
    );
    const bytes = await pictureOf(four).png({ palette: true }).toBuffer();
    expect(await sharp(bytes).metadata()).toMatchObject({ isPalette: true });
    expect((await decode(bytes)).data.equals(four.data)).toBe(true);
  });

  it('gives CMYK as Pillow does, to a level, in whole and in part', async () => {
    const bytes = Buffer.from(reference.cmyk.jpeg, 'base64');
    const [width, height] = reference.cmyk.size;
    const pillow = { width, height, data: Buffer.from(reference.cmyk.pixels, 'base64') };
    expect(await readImageHeader(bytes)).toMatchObject({ size: [width, height], colours: 'inks' });
    for (const region of [
      [0, 0, width, height],
      [5, 9, 21, 20],
    ] as const) {
      const { data } = await decode(bytes, region);
      const expected = cutOut(pillow, region).data;
      expect(data).toHaveLength(expected.length);
      expect(Math.max(...data.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(2);
    }
  });

  it.each<[string, PixelBox]>([
    ['leaves the image', [100, 0, 161, 10]],
    ['starts before it', [-1, 0, 5, 5]],
  ])('says that a region %s', async (_, region) => {
    await expect(decode(await formats['a PNG']!(), region)).rejects.toMatchObject({
      name: 'ImageError',
    });
  });

  const real = existsSync(REAL) ? it : it.skip;
  real('gives of real images what the whole has (needs ../shared)', async () => {
    for (const file of readdirSync(REAL).sort().slice(0, 12)) {
      const bytes = readFileSync(join(REAL, file));
      const whole = await decodeWhole(bytes);
      const region: PixelBox = [7, 3, whole.width - 11, Math.ceil(whole.height / 2)];
      expect((await decode(bytes, region)).data.equals(cutOut(whole, region).data)).toBe(true);
    }
  });
});

describe('an image of another format than its name says', () => {
  const read = Object.entries(pillowFormats).filter(([, { pixels }]) => pixels !== null);

  it.each(read)('is decoded as Pillow does it: %s', async (name, { file, pixels }) => {
    const { data } = await decode(Buffer.from(file, 'base64'));
    const expected = Buffer.from(pixels!, 'base64');
    expect(data).toHaveLength(expected.length);
    const most = Math.max(...data.map((value, i) => Math.abs(value - expected[i]!)));
    expect(most).toBeLessThanOrEqual(name.endsWith('.avif') ? 1 : 0); // levels
  });
});

describe('an image that cannot be used', () => {
  const noise = noiseImage(300, 200);
  const bad: Record<string, () => Buffer | Promise<Buffer>> = {
    'is empty': () => Buffer.alloc(0),
    'is text': () => Buffer.from('hello'),
    'is an SVG': () =>
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    'is a BMP': () => Buffer.from(pillowFormats['rgb.bmp']!.file, 'base64'),
    'is a GIF with transparent pixels': () =>
      Buffer.from(pillowFormats['transparent.gif']!.file, 'base64'),
    'is a TIFF of inks': () => Buffer.from(pillowFormats['cmyk.tiff']!.file, 'base64'),
    'is a TIFF of floats': () => Buffer.from(pillowFormats['float.tiff']!.file, 'base64'),
    'is a TIFF that is turned': () => Buffer.from(pillowFormats['turned.tiff']!.file, 'base64'),
    'is nothing but a JPEG marker': () => Buffer.from([0xff, 0xd8, 0xff]),
    'is nothing but a PNG signature': () => Buffer.from('89504e470d0a1a0a', 'hex'),
    'is a PNG without pixels': () => pngClaiming(100, 100),
    ...cutOffs('JPEG', () => pictureOf(noise).jpeg().toBuffer()),
    ...cutOffs('progressive JPEG', () => pictureOf(noise).jpeg({ progressive: true }).toBuffer()),
    ...cutOffs('PNG', () => pictureOf(noise).png().toBuffer()),
    ...cutOffs('WebP', () => pictureOf(noise).webp().toBuffer()),
  };

  it.each(Object.keys(bad))('ends in an ImageError wherever its box is: it %s', async (kind) => {
    const bytes = await bad[kind]!();
    for (const region of [
      [0, 0, 6, 6],
      [0, 0, 100, 100],
    ] as const) {
      const outcome = await decode(bytes, region).then(
        () => ({ name: 'decoded', code: '', message: '' }),
        (error: unknown) => error as ImageError,
      );
      expect([outcome.name, outcome.code]).toEqual(['ImageError', 'image-corrupt']);
      expect(outcome.message).toMatch(/^\S[^\n]*\w[.)]?$/); // one line, with something behind the colon
    }
  });

  it.each<[string, () => Buffer]>([
    ['50,000 pixels a side', () => pngClaiming(50_000, 50_000)],
    ['100,001 pixels wide and 1,000 high', () => pngClaiming(100_001, 1000)],
    ['a JPEG of 60,000 x 60,000', () => jpegClaiming(60_000, 60_000)],
  ])('is refused by its header where it is %s', async (_, claiming) => {
    await expect(readImageHeader(claiming())).rejects.toMatchObject({
      name: 'ImageError',
      code: 'image-too-large',
    });
  });

  it.each<[string, () => Buffer]>([
    ['a progressive JPEG', () => jpegClaiming(9900, 9900, { sof: 0xc2 })],
    ['a JPEG of several scans', () => jpegClaiming(9900, 9900, { scans: 3 })],
    ['a JPEG of inks', () => jpegClaiming(9900, 9900, { components: 4 })],
    ['an interlaced PNG', () => pngClaiming(9900, 9900, { depth: 16, interlaced: true })],
  ])('is refused where decoding it would take too much: %s', async (_, claiming) => {
    await expect(decodeImage(claiming())).rejects.toMatchObject({
      name: 'ImageError',
      code: 'image-too-large',
      message: expect.stringMatching(
        /^9900 x 9900 px would take [\d.]+ (MB|GB) of memory, more than 640 MB$/,
      ),
    });
  });

  it('takes no memory for the size that it claims', async () => {
    const before = process.memoryUsage().rss;
    for (const bytes of [pngClaiming(50_000, 50_000), pngClaiming(2 ** 31 - 1, 2 ** 31 - 1)]) {
      await expect(readImageHeader(bytes)).rejects.toMatchObject({ name: 'ImageError' });
      const all: PixelBox = [0, 0, 50_000, 50_000];
      await expect(decodeRegion(bytes, all, { colours: 'light' })).rejects.toMatchObject({
        name: 'ImageError',
      });
    }
    // decoded, the first would take 7,500 MB
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it('says how large one is that is too large', async () => {
    await expect(readImageHeader(pngClaiming(50_000, 50_000))).rejects.toThrow(
      '50000 x 50000 is too large to be a photograph',
    );
  });
});

/** A file cut off at its middle, near its end, and in its header. */
function cutOffs(
  format: string,
  file: () => Promise<Buffer>,
): Record<string, () => Promise<Buffer>> {
  return {
    [`is a ${format} cut off in its header`]: async () => (await file()).subarray(0, 20),
    [`is a ${format} cut off at its middle`]: async () => {
      const bytes = await file();
      return bytes.subarray(0, bytes.length / 2);
    },
    [`is a ${format} cut off near its end`]: async () => (await file()).subarray(0, -100),
  };
}
