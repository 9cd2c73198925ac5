import { Transformer } from '@napi-rs/image';
import type { Sharp } from 'sharp';
import { ImageError } from '../errors.js';
import { type PixelBox, type Size, sizeOf } from './box.js';
import type { RgbImage } from './pixels.js';
import { loadSharp } from './sharp.js';

/** What an image's header says. */
export interface ImageHeader {
  /** Size as stored: EXIF rotation is ignored, as a PyTorch loader does. */
  size: Size;
  /** Printing inks instead of light: 22 JPEGs of ImageNet's train set. */
  isCmyk: boolean;
}

/** Larger images are refused before they are decoded: 100 megapixels are 300 MB of RGB. */
const MAX_IMAGE_PIXELS = 100e6;

const FORMATS = new Set(['jpeg', 'png', 'webp']);

/**
 * Reads an image's header.
 * @throws ImageError when the bytes are no JPEG, PNG or WebP, are cut off, or are too large an image
 */
export async function readImageHeader(bytes: Buffer): Promise<ImageHeader> {
  const { format, size, isCmyk } = await readFormat(bytes);
  if (!FORMATS.has(format))
    throw new ImageError(`it is a ${format}, not a JPEG, PNG or WebP`, CORRUPT);
  const [width, height] = size;
  if (width * height > MAX_IMAGE_PIXELS) {
    throw new ImageError(`${width} x ${height} is too large to be a photograph`, CORRUPT);
  }
  if (isCutOff(bytes, format)) throw new ImageError(`the ${format} is cut off`, CORRUPT);
  return { size, isCmyk };
}

async function readFormat(bytes: Buffer): Promise<ImageHeader & { format: string }> {
  const frame = readFrame(bytes);
  if (frame !== undefined) return { ...frame, isCmyk: frame.components === 4 };
  const sharp = await loadSharp();
  try {
    const { format, width, height, space } = await sharp(bytes, {
      limitInputPixels: false,
    }).metadata();
    return { format, size: [width, height], isCmyk: space === 'cmyk' };
  } catch (cause) {
    throw corrupt(cause);
  }
}

/** Decodes a whole image; see {@link decodeRegion}. @throws ImageError */
export async function decodeImage(bytes: Buffer): Promise<RgbImage> {
  const header = await readImageHeader(bytes);
  const [width, height] = header.size;
  return (
    decodePlainPng(bytes, header.size) ?? (await decodeRegion(bytes, [0, 0, width, height], header))
  );
}

/** A PNG of RGB without alpha, as datasets are written, several times as fast as sharp has it. */
function decodePlainPng(bytes: Buffer, [width, height]: Size): RgbImage | undefined {
  if (readFrame(bytes)?.format !== 'png') return undefined;
  try {
    const data = new Transformer(bytes).rawPixelsSync();
    return data.length === 3 * width * height ? { width, height, data } : undefined;
  } catch {
    return undefined; // the other decoder says what is wrong with it
  }
}

/**
 * Decodes a part of an image, and of a JPEG no more rows than the part needs. The colours are those
 * of `PIL.Image.convert("RGB")`: an embedded ICC profile is ignored, grey is spread to RGB, alpha
 * is cut off; CMYK is one level off at most.
 * @throws ImageError when the bytes cannot be decoded
 */
export async function decodeRegion(
  bytes: Buffer,
  region: PixelBox,
  { isCmyk }: Pick<ImageHeader, 'isCmyk'>,
): Promise<RgbImage> {
  const [width, height] = sizeOf(region);
  const cut = { left: region[0], top: region[1], width, height };
  const sharp = await loadSharp();
  try {
    const image = sharp(bytes, {
      ignoreIcc: true,
      failOn: 'error',
      limitInputPixels: MAX_IMAGE_PIXELS,
      sequentialRead: true,
    });
    const data = isCmyk
      ? await cmykToRgb(image.pipelineColourspace('cmyk').extract(cut).toColourspace('cmyk'), cut)
      : await image.extract(cut).toColourspace('srgb').removeAlpha().raw().toBuffer();
    return { width, height, data };
  } catch (cause) {
    throw corrupt(cause);
  }
}

/** Light is what each ink and black let through: (255 - ink) (255 - black) / 255. */
async function cmykToRgb(
  inks: Sharp,
  { width, height }: { width: number; height: number },
): Promise<Buffer> {
  const sharp = await loadSharp();
  const raw = { width, height, channels: 4 } as const;
  const light = await sharp(await inks.raw().toBuffer(), { raw })
    .negate({ alpha: true })
    .raw()
    .toBuffer();
  return sharp(light, { raw }).flatten({ background: 'black' }).raw().toBuffer();
}

const CORRUPT = { code: 'image-corrupt' } as const;

function corrupt(cause: unknown): ImageError {
  const words = (cause as Error).message.trim().replace(/\s+/g, ' ').replace(/:$/, '');
  return new ImageError(words.slice(0, 160), { ...CORRUPT, cause });
}

const [END_OF_JPEG, START_OF_SCAN] = [Buffer.from([0xff, 0xd9]), Buffer.from([0xff, 0xda])];

/**
 * Whether a file ends before its image does. The decoder stops at the last row that is asked for,
 * so it would see a cut in some images and not in others. A JPEG's markers cannot stand in
 * entropy-coded data, and a thumbnail's end comes before the image's own scan.
 */
function isCutOff(bytes: Buffer, format: string): boolean {
  if (format === 'jpeg') return bytes.lastIndexOf(END_OF_JPEG) < bytes.lastIndexOf(START_OF_SCAN);
  return format === 'png' && bytes.lastIndexOf('IEND') < 0;
}

/** What the first bytes of an image say. */
interface ImageFrame {
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
function readFrame(bytes: Buffer): ImageFrame | undefined {
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
