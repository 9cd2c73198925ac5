import sharp, { type Sharp } from 'sharp';

/** A PNG whose header says a size that nobody could decode; there is no more than that of it. */
export async function pngBomb(width: number, height: number): Promise<Buffer> {
  const png = await tinyImage().png().toBuffer();
  // Signature (8), then length (4), "IHDR", width, height, 5 bytes, and the checksum of these 17.
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

/** A JPEG whose header says a size that nobody could decode. @param width at most 65,535 */
export async function jpegBomb(width: number, height: number): Promise<Buffer> {
  const jpeg = await tinyImage().jpeg().toBuffer();
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0])); // marker, length (2), bits (1), sizes
  jpeg.writeUInt16BE(height, frame + 5);
  jpeg.writeUInt16BE(width, frame + 7);
  return jpeg;
}

function tinyImage(): Sharp {
  return sharp({ create: { width: 64, height: 64, channels: 3, background: '#7a4' } });
}

/** The checksum of PNG (ISO 3309): polynomial 0xedb88320, bits reversed, ones before and after. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
