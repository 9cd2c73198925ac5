import type { Size } from './box.js';

/** What the first bytes of an image say. */
export interface ImageFrame {
  format: 'jpeg' | 'png';
  size: Size;
  /** Colour components: 1 grey, 3 colour, 4 printing inks; for a PNG 0, as it may have a palette. */
  components: number;
}

/**
 * Reads the size of a JPEG or PNG where it stands at its usual place; a fraction of what opening the
 * image in a decoder takes.
 * @returns undefined where it does not: then a decoder has to look
 */
export function readFrame(bytes: Buffer): ImageFrame | undefined {
  if (bytes.length < 24) return undefined;
  if (bytes.readUInt32BE(0) === 0x89504e47) return readPngFrame(bytes);
  return bytes.readUInt16BE(0) === 0xffd8 ? readJpegFrame(bytes) : undefined;
}

function readPngFrame(bytes: Buffer): ImageFrame | undefined {
  if (bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  return toFrame('png', [bytes.readUInt32BE(16), bytes.readUInt32BE(20)], 0);
}

/** Walks over the segments to the frame header (SOF0, 1 or 2: what photographs have). */
function readJpegFrame(bytes: Buffer): ImageFrame | undefined {
  let at = 2;
  while (at + 10 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker >= 0xc0 && marker <= 0xc2) {
      const isByte = bytes[at + 4] === 8;
      const size = [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)] as const;
      return isByte ? toFrame('jpeg', size, bytes[at + 9]!) : undefined;
    }
    if (marker < 0xc4 || marker === 0xd8 || marker === 0xd9 || marker === 0xda) return undefined;
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function toFrame(
  format: ImageFrame['format'],
  size: Size,
  components: number,
): ImageFrame | undefined {
  return size[0] > 0 && size[1] > 0 ? { format, size, components } : undefined;
}
