// What the kernel makes of JPEGs of every kind, whole and damaged, beside what Pillow makes of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ImageError } from '../../src/errors.js';
import { sha256 } from '../../src/files/digest.js';
import type { PixelBox, Size } from '../../src/image/box.js';
import { ImageKernel, UnsupportedJpeg } from '../../src/image/kernel/kernel.js';
import { cutOut, type RgbImage } from '../../src/image/pixels.js';

/** What scripts/jpeg-reference.py wrote: beginnings of digests, nothing where Pillow refuses. */
interface Reference {
  files: Record<
    string,
    { whole: string; accepted_cuts: Record<string, string>; mutated: string[] }
  >;
}

const reference = JSON.parse(
  readFileSync(process.env['JPEG_REFERENCE'] ?? 'test/image/jpeg-reference.json', 'utf8'),
) as Reference;

/** One kernel for all: what one file leaves must not change what the next one gives. */
const kernel = new ImageKernel();

const files = Object.entries(reference.files)
  .filter(([, { whole }]) => whole !== 'inks')
  .map(([name, expected]) => ({ name, expected, bytes: readJpeg(name) }));

function readJpeg(name: string): Buffer {
  return readFileSync(join('test', 'image', 'jpegs', name));
}

function decodeWhole(bytes: Buffer): RgbImage {
  const { size } = kernel.openJpeg(bytes);
  const all = [0, 0, ...size] as const;
  kernel.decode(all);
  return kernel.cut(all);
}

/** As scripts/jpeg-reference.py puts it. */
function verdict(bytes: Buffer): string {
  try {
    const { size, components } = kernel.openJpeg(bytes);
    if (components === 4) return 'inks';
    const all = [0, 0, ...size] as const;
    kernel.decode(all);
    const { width, height, data } = kernel.cut(all);
    return sha256(Buffer.concat([Buffer.from(`${width} x ${height} `), data])).slice(0, 16);
  } catch (error) {
    if (error instanceof ImageError) return '';
    throw error;
  }
}

/** The same mutation that scripts/jpeg-reference.py makes. */
function mutated(file: Buffer, seed: number): Buffer {
  let state = seed;
  const number = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % n;
  };
  const bytes = [...file];
  for (let left = 1 + number(3); left > 0; left -= 1) {
    const kind = number(5);
    const at = number(bytes.length);
    if (kind === 0) bytes[at] = number(256);
    else if (kind === 1) bytes[at]! ^= 1 << number(8);
    else if (kind === 2) bytes.splice(at, 1 + number(8));
    else if (kind === 3) bytes.splice(at, 0, 0xff, number(256));
    else bytes.splice(at, 2, 0xff, 192 + number(64));
  }
  return Buffer.from(bytes);
}

/** Boxes at corners and edges, in the middle, and narrower than what is interpolated together. */
function boxesIn([width, height]: Size): PixelBox[] {
  const inside = (x0: number, y0: number, x1: number, y1: number): PixelBox => {
    const [x, y] = [Math.min(Math.floor(x0), width - 1), Math.min(Math.floor(y0), height - 1)];
    return [
      x,
      y,
      Math.min(width, Math.max(Math.ceil(x1), x + 1)),
      Math.min(height, Math.max(Math.ceil(y1), y + 1)),
    ];
  };
  return [
    inside(0, 0, 1, 1),
    inside(width - 1, 0, width, height),
    inside(0, height - 1, width, height),
    inside(width / 4, height / 4, width / 2, height / 2),
    inside(15, 15, 16, 17),
    inside(16, 8, 33, 30),
    inside(3, 5, 20, 11),
  ];
}

/** Whether the boxes of an image are what the whole image has there. */
function areParts(bytes: Buffer, whole: RgbImage): boolean {
  return boxesIn([whole.width, whole.height]).every((box) => {
    kernel.openJpeg(bytes);
    kernel.decode(box);
    return kernel.cut(box).data.equals(cutOut(whole, box).data);
  });
}

describe('a JPEG', () => {
  it.each(files)('has the pixels that Pillow gives: $name', ({ bytes, expected }) => {
    expect(verdict(bytes)).toBe(expected.whole);
  });

  it.each(files)('has the same pixels in each of its parts: $name', ({ bytes }) => {
    expect(areParts(bytes, decodeWhole(bytes))).toBe(true);
  });

  it('of printing inks is known by its header', () => {
    expect(kernel.openJpeg(readJpeg('cmyk.jpg'))).toEqual({ size: [30, 20], components: 4 });
  });

  it('is left to others where it is coded arithmetically', () => {
    const bytes = readJpeg('444.jpg');
    bytes[bytes.indexOf(Buffer.from([0xff, 0xc0])) + 1] = 0xc9;
    expect(() => decodeWhole(bytes)).toThrow(UnsupportedJpeg);
  });
});

describe('a damaged JPEG', () => {
  it.each(files)('is accepted as by Pillow, cut off at any byte: $name', ({ bytes, expected }) => {
    const accepted: Record<string, string> = {};
    for (let length = 0; length < bytes.length; length += 1) {
      const found = verdict(bytes.subarray(0, length));
      if (found !== '') accepted[length] = found;
    }
    expect(accepted).toEqual(expected.accepted_cuts);
  });

  it.each(files)('is accepted as by Pillow, with the same pixels: $name', ({ bytes, expected }) => {
    const verdicts = expected.mutated.map((_, seed) => verdict(mutated(bytes, seed)));
    expect(verdicts).toEqual(expected.mutated);
  });

  it.each(files)('has the pixels of the whole in each of its parts: $name', (file) => {
    const accepted = file.expected.mutated.flatMap((found, seed) => (found === '' ? [] : [seed]));
    expect(accepted.length).toBeGreaterThan(0);
    for (const seed of accepted) {
      const bytes = mutated(file.bytes, seed);
      expect([seed, areParts(bytes, decodeWhole(bytes))]).toEqual([seed, true]);
    }
  });

  it.each(files)('is refused whatever part is asked for: $name', (file) => {
    const refused = file.expected.mutated.flatMap((found, seed) => (found === '' ? [seed] : []));
    for (const seed of refused) {
      const bytes = mutated(file.bytes, seed);
      const decode = (): void => {
        const [width, height] = kernel.openJpeg(bytes).size;
        kernel.decode([0, 0, Math.min(width, 2), Math.min(height, 2)]);
      };
      expect(decode).toThrow(ImageError);
    }
  });

  it('says what is wrong with it', () => {
    const bytes = readJpeg('420.jpg');
    const bad = Buffer.from(bytes);
    bad[bad.indexOf(Buffer.from([0xff, 0xdb])) + 1] = 0xf3;
    expect(() => kernel.openJpeg(bad)).toThrow('Unsupported marker type 0xf3');
    expect(() => kernel.openJpeg(Buffer.from('no JPEG'))).toThrow(
      'Not a JPEG file: starts with 0x6e 0x6f',
    );
    expect(() => decodeWhole(bytes.subarray(0, 900))).toThrow('the jpeg is cut off');
  });

  it('does not borrow what an earlier one defined', () => {
    const bytes = readJpeg('444.jpg');
    const start = bytes.indexOf(Buffer.from([0xff, 0xdb]));
    const length = 2 + bytes.readUInt16BE(start + 2);
    const without = Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
    decodeWhole(bytes);
    expect(() => decodeWhole(without)).toThrow('Quantization table 0x00 was not defined');
  });
});

describe('a hostile JPEG', () => {
  it('of hundreds of scans is refused', () => {
    const bytes = readJpeg('greyprog.jpg');
    const last = bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
    const scan = bytes.subarray(last, -2);
    const scans = Array.from({ length: 600 }, () => scan);
    const many = Buffer.concat([bytes.subarray(0, last), ...scans, bytes.subarray(-2)]);
    expect(() => decodeWhole(many)).toThrow('it has too many scans');
  });

  it('of a giant size takes no more memory than there is, and gives it back', () => {
    const own = new ImageKernel();
    const claims = (name: string, width: number, height: number): Buffer => {
      const bytes = readJpeg(name);
      const frame = bytes.indexOf(Buffer.from([0xff, name.includes('prog') ? 0xc2 : 0xc0]));
      bytes.writeUInt16BE(height, frame + 5);
      bytes.writeUInt16BE(width, frame + 7);
      return bytes;
    };
    const decode = (bytes: Buffer): void => {
      const { size } = own.openJpeg(bytes);
      own.decode([0, 0, ...size]);
    };
    expect(() => {
      decode(claims('420prog.jpg', 60_000, 60_000));
    }).toThrow(UnsupportedJpeg);
    expect(() => {
      decode(claims('444.jpg', 65_000, 65_000));
    }).toThrow(UnsupportedJpeg);
    decode(claims('grey.jpg', 4000, 4000)); // damaged, but decoded: 48 MB of pixels
    expect(own.memory).toBeGreaterThan(48e6);
    expect(own.memory).toBeLessThan(512 * 2 ** 20);
    own.shrink();
    expect(own.memory).toBeLessThan(2 ** 20);
    decode(readJpeg('420.jpg'));
  });

  it('leaves the kernel as it was, however often one fails', () => {
    const good = decodeWhole(readJpeg('420.jpg')).data;
    const bad = readJpeg('420.jpg').subarray(0, 1000);
    const { memory } = kernel;
    for (let i = 0; i < 1000; i += 1) expect(() => decodeWhole(bad)).toThrow(ImageError);
    expect(kernel.memory).toBe(memory);
    expect(decodeWhole(readJpeg('420.jpg')).data.equals(good)).toBe(true);
  });
});
