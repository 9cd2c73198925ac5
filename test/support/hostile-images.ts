import { deflateSync } from 'node:zlib';
import sharp from 'sharp';

/** A PNG whose header claims a size, with a few zero bytes for its pixels. */
export function pngClaiming(
  width: number,
  height: number,
  { depth = 8, interlaced = false } = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, 2, 0, 0, Number(interlaced)], 8); // RGB
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(100))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** The check sum of a PNG chunk (PNG specification, annex D). */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * A JPEG whose header claims a size, with nothing for its pixels.
 * @param options sof: 0xc0 for a plain one, 0xc2 for a progressive one
 */
export function jpegClaiming(
  width: number,
  height: number,
  { sof = 0xc0, components = 3, scans = 1 } = {},
): Buffer {
  const frame = Buffer.alloc(10 + 3 * components);
  frame.set([0xff, sof, 0, 8 + 3 * components, 8]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  frame[9] = components;
  const scan = Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
  const start = Buffer.from([0xff, 0xd8]);
  const end = Buffer.from([0xff, 0xd9]);
  return Buffer.concat([start, frame, ...Array<Buffer>(scans).fill(scan), end]);
}

/** A JPEG of 64 x 64 px with all its pixels, whose header says another size. */
export async function jpegBomb(width: number, height: number): Promise<Buffer> {
  const background = '#7a4';
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background } });
  const jpeg = await image.jpeg().toBuffer();
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0])); // marker, length (2), bits (1), sizes
  jpeg.writeUInt16BE(height, frame + 5);
  jpeg.writeUInt16BE(width, frame + 7);
  return jpeg;
}
