import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Filter, ImageKernel, type Resizing } from '../../src/image/kernel/kernel.js';
import { cutOut, type RgbImage } from '../../src/image/pixels.js';
import { drawImageOf, flatImage, noiseImage } from '../support/unit-images.js';
import { reference } from './reference.js';

const FILTERS: Filter[] = ['box', 'bilinear', 'hamming', 'bicubic', 'mitchell', 'lanczos'];

const kernel = new ImageKernel();

function resize(
  image: RgbImage,
  size: Resizing['size'],
  filter: Filter,
  rest: Pick<Resizing, 'window' | 'box' | 'pillow'> = {},
): Buffer {
  kernel.bring(image).set(image.data);
  const from = [image.width, image.height] as const;
  return Buffer.from(kernel.resize({ from, size, filter, ...rest }).data);
}

describe('resizing', () => {
  it.each(
    reference.resize.flatMap(({ resized, ...given }) =>
      Object.entries(resized).map(([name, expected]) => ({
        ...given,
        filter: name === 'lanczos3' ? 'lanczos' : (name as Filter),
        expected,
      })),
    ),
  )(
    'equals Pillow level for level: $filter, $from to $to, $contrast contrast',
    ({ from: [width, height], to, pixels, filter, expected }) => {
      const image = { width, height, data: Buffer.from(pixels, 'base64') };
      expect(resize(image, to, filter).equals(Buffer.from(expected, 'base64'))).toBe(true);
    },
  );

  it('gives the same part of the result, whatever else is asked for', () => {
    const side = fc.integer({ min: 1, max: 40 });
    const given = fc.record({
      from: fc.tuple(side, side),
      to: fc.tuple(side, side),
      filter: fc.constantFrom<Filter>('nearest', ...FILTERS),
      pillow: fc.constantFrom(12 as const, 13 as const),
      part: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(given, ({ from, to, filter, pillow, part }) => {
        const image = noiseImage(...from);
        const [x0, y0] = [part[0]! % to[0], part[1]! % to[1]];
        const [x1, y1] = [x0 + 1 + (part[2]! % (to[0] - x0)), y0 + 1 + (part[3]! % (to[1] - y0))];
        const whole = { width: to[0], height: to[1], data: resize(image, to, filter, { pillow }) };
        const window = resize(image, to, filter, { window: [x0, y0, x1, y1], pillow });
        expect(window.equals(cutOut(whole, [x0, y0, x1, y1]).data)).toBe(true);
      }),
    );
  });

  it('needs no more of the image than the box that it names', () => {
    const image = noiseImage(90, 70);
    const resizing: Resizing = {
      from: [90, 70],
      size: [31, 40],
      window: [3, 5, 20, 22],
      filter: 'bicubic',
    };
    const whole = resize(image, resizing.size, resizing.filter, resizing);
    const box = kernel.neededBox(resizing);
    const part = cutOut(image, box);
    kernel.bring({ width: part.width, height: part.height, x: box[0], y: box[1] }).set(part.data);
    expect(kernel.resize(resizing).data.equals(whole)).toBe(true);
    expect(part.width * part.height).toBeLessThan(0.4 * 90 * 70);
    kernel.bring({ width: part.width - 1, height: part.height, x: box[0], y: box[1] }).fill(0);
    expect(() => kernel.resize(resizing)).toThrow(RangeError);
  });

  it('resizes a box as if it were cut out before', () => {
    const image = noiseImage(40, 30);
    const cut = cutOut(image, [7, 5, 29, 21]);
    const expected = resize(cut, [9, 8], 'lanczos');
    kernel.bring(image).set(image.data);
    kernel.choose([7, 5, 29, 21]);
    const resized = kernel.resize({ from: [22, 16], size: [9, 8], filter: 'lanczos' });
    expect(resized.data.equals(expected)).toBe(true);
  });

  it('scales rows first where the height shrinks much more, from Pillow 13 on', () => {
    const tall = noiseImage(12, 80);
    const [before, now] = ([12, 13] as const).map((pillow) =>
      resize(tall, [10, 20], 'bicubic', { pillow }),
    );
    expect(before!.equals(now!)).toBe(false);
    const wide = noiseImage(80, 12);
    expect(resize(wide, [20, 10], 'bicubic', { pillow: 12 })).toEqual(
      resize(wide, [20, 10], 'bicubic'),
    );
  });

  it('has a filter of its own for every name', () => {
    const image = noiseImage(24, 18);
    const results = FILTERS.map((filter) => resize(image, [11, 9], filter).toString('hex'));
    expect(new Set(results).size).toBe(FILTERS.length);
  });

  it.each(FILTERS)('keeps one colour as it is: %s', (filter) => {
    const data = resize(flatImage(13, 7, [200, 100, 3]), [5, 31], filter);
    expect(data).toEqual(Buffer.alloc(3 * 5 * 31, Buffer.from([200, 100, 3])));
  });

  it.each<Filter>(['nearest', ...FILTERS])(
    'changes no pixel where the size stays: %s',
    (filter) => {
      const image = noiseImage(17, 9);
      expect(resize(image, [17, 9], filter).equals(image.data)).toBe(true);
    },
  );

  it('averages with the box filter', () => {
    // columns 0, 10 | 20, 30 become their means 5 and 25
    const image = drawImageOf(4, 1, (x) => [10 * x, 0, 255]);
    expect([...resize(image, [2, 1], 'box')]).toEqual([5, 0, 255, 25, 0, 255]);
  });

  it('takes a part of the image that ends between pixels', () => {
    // 1.5 to 3.5 becomes one pixel: half of pixel 1, pixel 2, half of pixel 3; a box's reach is
    // 1 px on both sides of its centre 2.5, so pixels 2 and 3 whole: (20 + 30) / 2
    const image = drawImageOf(5, 1, (x) => [10 * x, 0, 0]);
    expect([...resize(image, [1, 1], 'box', { box: [1.5, 0, 3.5, 1] })]).toEqual([25, 0, 0]);
  });
});

describe('values', () => {
  const tables = [0, 1, 2].map((channel) =>
    Float32Array.from({ length: 256 }, (_, level) => 1000 * channel + level),
  ) as unknown as [Float32Array, Float32Array, Float32Array];
  const image = drawImageOf(2, 1, (x) => [10 + x, 20 + x, 30 + x]);

  function values(
    layout: 'NCHW' | 'NHWC',
    channels: 'RGB' | 'BGR',
    corner = [0, 0],
    size = [2, 1],
  ) {
    kernel.bring(image).set(image.data);
    kernel.resize({ from: [2, 1], size: [2, 1], filter: 'box' });
    const target = new Float32Array(3 * size[0]! * size[1]!);
    kernel.writeValues(
      { size: size as [number, number], corner: corner as [number, number] },
      { tables, layout, channels, fill: [1, 2, 3] },
      target,
    );
    return [...target];
  }

  it('lie channel by channel or pixel by pixel, red first or blue first', () => {
    expect(values('NCHW', 'RGB')).toEqual([10, 11, 1020, 1021, 2030, 2031]);
    expect(values('NHWC', 'RGB')).toEqual([10, 1020, 2030, 11, 1021, 2031]);
    expect(values('NCHW', 'BGR')).toEqual([30, 31, 1020, 1021, 2010, 2011]);
  });

  it('are written at the start of a longer target, whose rest is left', () => {
    kernel.bring(image).set(image.data);
    kernel.resize({ from: [2, 1], size: [2, 1], filter: 'box' });
    const target = new Float32Array(4_000_000).fill(-1);
    kernel.writeValues(
      { size: [2, 1], corner: [0, 0] },
      { tables, layout: 'NHWC', channels: 'RGB', fill: [0, 0, 0] },
      target,
    );
    expect([...target.subarray(0, 7)]).toEqual([10, 1020, 2030, 11, 1021, 2031, -1]);
    expect(target.at(-1)).toBe(-1);
  });

  it('are the fill beside the image', () => {
    // the crop begins one pixel left of the image and one above it
    expect(values('NCHW', 'RGB', [-1, -1], [2, 2])).toEqual([
      ...[1, 1, 1, 10],
      ...[1002, 1002, 1002, 1020],
      ...[2003, 2003, 2003, 2030],
    ]);
  });

  it('are float16 bits or bytes as well', () => {
    kernel.bring(image).set(image.data);
    kernel.resize({ from: [2, 1], size: [2, 1], filter: 'box' });
    for (const [same, target] of [
      [new Uint16Array(256), new Uint16Array(6)],
      [new Uint8Array(256), new Uint8Array(6)],
    ] as const) {
      same.forEach((_, level) => (same[level] = 255 - level));
      kernel.writeValues(
        { size: [2, 1], corner: [0, 0] },
        { tables: [same, same, same], layout: 'NHWC', channels: 'RGB', fill: [0, 0, 0] },
        target,
      );
      expect([...target]).toEqual([245, 235, 225, 244, 234, 224]);
    }
  });
});
