import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { decodeImage } from '../../src/image/decode.js';
import { encode } from '../../src/image/encode.js';
import type { ModelCard } from '../../src/models/card.js';
import {
  type InputType,
  type InputValues,
  newValues,
  openPreprocessor,
  resizeGeometry,
  valuesPerImage,
} from '../../src/models/preprocess.js';
import { cardWith } from '../support/unit-cards.js';
import { drawImageOf } from '../support/unit-images.js';

const FOLDER = join('test', 'models', 'preprocess');

interface Reference {
  specs: Record<string, ReferenceSpec>;
  cases: {
    image: string;
    spec: string;
    pixels: string;
    tensor: { first: number[]; mean: number };
  }[];
}

interface ReferenceSpec extends Pick<ModelCard['input'], 'scale' | 'mean' | 'std'> {
  size: [number, number];
  mode: ModelCard['resize']['mode'];
  interpolation: ModelCard['resize']['interpolation'];
  cropFraction?: number;
  padding?: number;
}

/** Made with Pillow 12 and NumPy by scripts/preprocess-reference.py. */
const reference = JSON.parse(readFileSync(join(FOLDER, 'reference.json'), 'utf8')) as Reference;

function cardOf({
  size,
  mode,
  interpolation,
  cropFraction = 1,
  padding = 0,
  ...rest
}: ReferenceSpec): ModelCard {
  return cardWith(
    { size, ...rest },
    { mode, interpolation, cropFraction, fill: padding, pillow: 12 },
  );
}

async function preprocess(
  card: ModelCard,
  bytes: Buffer,
  type: InputType = 'float32',
): Promise<InputValues> {
  const values = newValues(type, valuesPerImage(card.input));
  await openPreprocessor(card, type)(bytes, values);
  return values;
}

describe('openPreprocessor, against Pillow', () => {
  it.each(reference.cases)('$image, $spec', async ({ image, spec, pixels, tensor }) => {
    const card = cardOf(reference.specs[spec]!);
    const { scale, mean, std } = card.input;
    const values = await preprocess(card, readFileSync(join(FOLDER, image)));
    const { data } = await decodeImage(readFileSync(join(FOLDER, pixels)));
    const plane = values.length / 3;
    // In levels of 255: what a difference of the tensor is in pixels.
    const off = Array.from(values, (value, at) => {
      const channel = Math.floor(at / plane);
      const pixel = (value * std[channel]! + mean[channel]!) / scale;
      return Math.abs(pixel - data[3 * (at % plane) + channel]!);
    });
    // Printing inks are up to one level off before the resizing; all else is Pillow's to the level.
    const isInks = image.includes('cmyk');
    expect(off.reduce((most, value) => Math.max(most, value), 0)).toBeLessThanOrEqual(
      isInks ? 2.001 : 1e-3,
    );
    // The same numbers from NumPy: the order of normalisation and of the dimensions.
    const level = isInks ? (2 * scale) / Math.min(...std) : 1e-5;
    const mine = Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mine - tensor.mean)).toBeLessThanOrEqual(level);
    tensor.first.forEach((value, at) => {
      expect(Math.abs(values[at]! - value)).toBeLessThanOrEqual(level);
    });
  });
});

describe('openPreprocessor', () => {
  const tall = drawImageOf(2, 3, (x, y) => [10 * x + y, 100 + x, 200 + y]);
  const plain = { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const whole = { mode: 'squash', cropFraction: 1 } as const;

  it('writes one plane a channel, or the channels of a pixel side by side', async () => {
    const png = await encode(tall, 'png', 100);
    const size = { ...plain, size: [2, 3] as [number, number] } as unknown as ModelCard['input'];
    const planes = await preprocess(cardWith({ ...size, layout: 'NCHW' }, whole), png);
    expect([...planes]).toEqual([
      0, 10, 1, 11, 2, 12, 100, 101, 100, 101, 100, 101, 200, 200, 201, 201, 202, 202,
    ]);
    const pixels = await preprocess(cardWith({ ...size, layout: 'NHWC' }, whole), png);
    expect([...pixels]).toEqual([
      0, 100, 200, 10, 101, 200, 1, 100, 201, 11, 101, 201, 2, 100, 202, 12, 101, 202,
    ]);
  });

  it('gives blue first where the card says so, with the first mean for blue', async () => {
    const png = await encode(tall, 'png', 100);
    const input = { scale: 1, mean: [200, 100, 0], std: [1, 1, 2], size: [2, 3], channels: 'BGR' };
    const values = await preprocess(cardWith(input as unknown as ModelCard['input'], whole), png);
    expect([...values.slice(0, 6)]).toEqual([0, 0, 1, 1, 2, 2]);
    expect([...values.slice(12, 14)]).toEqual([0, 5]);
  });

  it('writes half floats and bytes', async () => {
    const png = await encode(tall, 'png', 100);
    const size = { ...plain, size: [2, 3] } as unknown as ModelCard['input'];
    const bytes = await preprocess(cardWith(size, whole), png, 'uint8');
    expect([...bytes.slice(0, 4)]).toEqual([0, 10, 1, 11]);
    const halves = await preprocess(cardWith(size, whole), png, 'float16');
    // 10 = 1.25 x 2^3: exponent 15 + 3 = 18, fraction 0.25 x 1024 = 256
    expect(halves[1]).toBe((18 << 10) + 256);
  });

  it('refuses what is no image', async () => {
    await expect(preprocess(cardWith(), Buffer.from('no image'))).rejects.toMatchObject({
      code: 'image-corrupt',
    });
  });
});

describe('resizeGeometry', () => {
  it('scales the shorter side as torchvision does, and cuts the middle out', () => {
    // floor(224 / 0.875) = 256; floor(256 * 500 / 375) = 341; (341 - 224) / 2 = 58.5, to even 58
    expect(resizeGeometry([500, 375], cardWith())).toEqual({
      scaled: [341, 256],
      crop: [58, 16, 282, 240],
    });
    expect(resizeGeometry([375, 500], cardWith())).toEqual({
      scaled: [256, 341],
      crop: [16, 58, 240, 282],
    });
  });

  it('rounds half a pixel of the crop to the even side, as Python does', () => {
    const card = cardWith({ size: 10 }, { cropFraction: 1 });
    // (13 - 10) / 2 = 1.5 to 2; (15 - 10) / 2 = 2.5 to 2
    expect(resizeGeometry([13, 10], card).crop).toEqual([2, 0, 12, 10]);
    expect(resizeGeometry([15, 10], card).crop).toEqual([2, 0, 12, 10]);
  });

  it('squashes to the whole size, whatever the aspect', () => {
    const card = cardWith({ size: [48, 32] }, { mode: 'squash', cropFraction: 1 });
    expect(resizeGeometry([10, 999], card)).toEqual({ scaled: [48, 32], crop: [0, 0, 48, 32] });
  });

  it('fits an image into a letterbox, with the odd pixel after it', () => {
    const card = cardWith({ size: 64 }, { mode: 'letterbox', cropFraction: 1 });
    // ratio 64 / 100 = 0.64; 50 * 0.64 = 32; floor((64 - 32) / 2) = 16 above
    expect(resizeGeometry([100, 50], card)).toEqual({ scaled: [64, 32], crop: [0, -16, 64, 48] });
    // 47 * 0.64 = 30.08, 30; floor(34 / 2) = 17
    expect(resizeGeometry([47, 100], card)).toEqual({ scaled: [30, 64], crop: [-17, 0, 47, 64] });
  });

  it('covers an input that is no square', () => {
    const card = cardWith({ size: [80, 40] }, { cropFraction: 1 });
    // the larger of 80 / 100 and 40 / 100 is 0.8: 80 x 80, of which the middle 40 rows
    expect(resizeGeometry([100, 100], card)).toEqual({ scaled: [80, 80], crop: [0, 20, 80, 60] });
  });

  it('never scales a side to nothing', () => {
    const card = cardWith({ size: 64 }, { mode: 'letterbox', cropFraction: 1 });
    expect(resizeGeometry([1, 10_000], card).scaled).toEqual([1, 64]);
  });
});
