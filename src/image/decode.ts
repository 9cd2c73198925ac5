import type { Metadata, Sharp } from 'sharp';
import { ImageError } from '../errors.js';
import { type PixelBox, type Size, sizeOf } from './box.js';
import { type ImageKernel, threadKernel, UnsupportedJpeg } from './kernel/kernel.js';
import { requireDecodable } from './memory-budget.js';
import type { RgbImage } from './pixels.js';
import { loadSharp } from './sharp.js';

/** What an image's header says. */
export interface ImageHeader {
  /** Size as stored: EXIF rotation is ignored, as a PyTorch loader does. */
  size: Size;
  colours: Colours;
  /** Bytes that a decoder holds of the image whatever part of it is asked for. */
  held: number;
}

/**
 * How the samples become RGB. `inks`: CMYK, as 22 JPEGs of ImageNet's train set have it; `grey16`:
 * 16 bits of grey, of which Pillow takes all above 255 for white; `gif`: without transparent pixels.
 */
type Colours = 'light' | 'inks' | 'grey16' | 'gif';

/** Larger images are refused before they are decoded: 100 megapixels are 300 MB of RGB. */
const MAX_IMAGE_PIXELS = 100e6;

/**
 * Reads an image's header: that of a JPEG, PNG or WebP, or of a GIF, TIFF or AVIF, as some files of
 * ImageNet are in spite of their names.
 * @throws ImageError `image-corrupt` when the bytes are no such image, or are cut off;
 * `image-too-large`
 */
export async function readImageHeader(bytes: Buffer): Promise<ImageHeader> {
  const { format, ...header } = readFrame(bytes) ?? (await readFormat(bytes));
  const [width, height] = header.size;
  if (width * height > MAX_IMAGE_PIXELS) {
    throw new ImageError(`${width} x ${height} is too large to be a photograph`, {
      code: 'image-too-large',
    });
  }
  if (isCutOff(bytes, format)) throw new ImageError(`the ${format} is cut off`, CORRUPT);
  return header;
}

/** What the first bytes of an image say, and its format. */
interface ImageFrame extends ImageHeader {
  format: string;
}

async function readFormat(bytes: Buffer): Promise<ImageFrame> {
  if (bytes.toString('latin1', 0, 2) === 'BM') throw unsupported('BMP');
  const sharp = await loadSharp();
  try {
    const metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
    const { width, height } = metadata;
    const format = metadata.compression === 'av1' ? 'avif' : metadata.format;
    const bytesHeld = HELD[format];
    if (bytesHeld === undefined) throw unsupported(format.toUpperCase());
    return {
      format,
      size: [width, height],
      colours: coloursOf(format, metadata),
      held: bytesHeld * width * height,
    };
  } catch (cause) {
    throw cause instanceof ImageError ? cause : corrupt(cause);
  }
}

/** Bytes per pixel that a decoder holds at the most. */
const HELD: Record<string, number> = { jpeg: 8, png: 8, webp: 8, gif: 8, tiff: 12, avif: 12 };

function coloursOf(format: string, { space, depth, orientation = 1 }: Metadata): Colours {
  if (format === 'gif') return 'gif';
  if (format !== 'tiff') return space === 'cmyk' ? 'inks' : 'light';
  if (orientation !== 1) throw unsupported('rotated TIFF');
  if (space === 'grey16') return 'grey16';
  if (depth === 'uchar' && (space === 'srgb' || space === 'b-w')) return 'light';
  throw unsupported(`TIFF of ${space} (${depth})`);
}

function unsupported(what: string): ImageError {
  const read = 'use JPEG, PNG, WebP, GIF, TIFF or AVIF';
  return new ImageError(`it is a ${what}, which is not supported; ${read}`, CORRUPT);
}

/**
 * Bytes of memory that decoding takes at its height, without those of the file. Measured with
 * libvips 8.18 on images of 100 megapixels.
 */
export function decodeBytes({ size, held, colours }: ImageHeader, region?: PixelBox): number {
  const [width, height] = region === undefined ? size : sizeOf(region);
  return held + DECODED[colours] * width * height;
}

/** Bytes per pixel of what is decoded, and of what it is decoded from. */
const DECODED: Record<Colours, number> = { light: 3, inks: 11, grey16: 5, gif: 7 };

/**
 * Decodes a whole image; see {@link decodeRegion}.
 * @throws ImageError `image-corrupt`, `image-too-large`
 */
export async function decodeImage(bytes: Buffer): Promise<RgbImage> {
  const header = await readImageHeader(bytes);
  const [width, height] = header.size;
  requireDecodable(decodeBytes(header), `${width} x ${height} px`);
  return decodeRegion(bytes, [0, 0, width, height], header);
}

/**
 * Decodes a part of an image, and of a JPEG no more rows than the part needs. The colours are those
 * of `PIL.Image.convert("RGB")`: an embedded ICC profile is ignored, grey is spread to RGB, alpha
 * is cut off, of 16 bits the upper 8 are taken, but of grey all above 255 is white; CMYK and AVIF are
 * one level off at most.
 * @throws ImageError when the bytes cannot be decoded
 */
export async function decodeRegion(
  bytes: Buffer,
  region: PixelBox,
  header: Pick<ImageHeader, 'colours'>,
): Promise<RgbImage> {
  if (!isKernels(bytes, header)) return decodeElsewhere(bytes, region, header);
  return decodeInKernel(bytes, region, header, (kernel) => kernel.cut(region));
}

/**
 * Decodes a part of an image into the kernel of this thread, where it is used at once. Kinds that the
 * kernel does not decode are decoded elsewhere and brought.
 * @param use is given the kernel, which shows the part in the coordinates of the image
 * @throws ImageError when the bytes cannot be decoded
 */
export async function decodeInKernel<Result>(
  bytes: Buffer,
  region: PixelBox,
  header: Pick<ImageHeader, 'colours'>,
  use: (kernel: ImageKernel) => Result,
): Promise<Result> {
  const kernel = threadKernel();
  try {
    if (isKernels(bytes, header)) {
      try {
        kernel.openJpeg(bytes);
        kernel.decode(region);
        return use(kernel);
      } catch (error) {
        if (!(error instanceof UnsupportedJpeg)) throw error;
      }
    }
    const { width, height, data } = await decodeElsewhere(bytes, region, header);
    kernel.bring({ width, height, x: region[0], y: region[1] }).set(data);
    return use(kernel);
  } finally {
    kernel.shrink();
  }
}

function isKernels(bytes: Buffer, { colours }: Pick<ImageHeader, 'colours'>): boolean {
  return colours === 'light' && bytes.length > 2 && bytes.readUInt16BE(0) === 0xffd8;
}

async function decodeElsewhere(
  bytes: Buffer,
  region: PixelBox,
  header: Pick<ImageHeader, 'colours'>,
): Promise<RgbImage> {
  const plain = await decodePlainPng(bytes, region, header);
  if (plain !== undefined) return plain;
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
    return { width, height, data: await DECODERS[header.colours](image, cut) };
  } catch (cause) {
    throw cause instanceof ImageError ? cause : corrupt(cause);
  }
}

/** Larger ones are as fast in sharp, which takes half the memory. */
const MAX_PLAIN_PIXELS = 4e6;

/**
 * All of a PNG of RGB without alpha, as datasets are written, several times as fast as sharp has it.
 */
async function decodePlainPng(
  bytes: Buffer,
  region: PixelBox,
  { colours }: Pick<ImageHeader, 'colours'>,
): Promise<RgbImage | undefined> {
  const size = isPng(bytes) && colours === 'light' ? readPngFrame(bytes)?.size : undefined;
  if (size === undefined || region.join() !== `0,0,${size.join()}`) return undefined;
  const [width, height] = size;
  if (width * height > MAX_PLAIN_PIXELS) return undefined;
  const { Transformer } = await import('@napi-rs/image');
  try {
    const data = new Transformer(bytes).rawPixelsSync();
    return data.length === 3 * width * height ? { width, height, data } : undefined;
  } catch {
    return undefined; // the other decoder says what is wrong with it
  }
}

/** What of an image is decoded, px. */
type Cut = Record<'left' | 'top' | 'width' | 'height', number>;

const DECODERS: Record<Colours, (image: Sharp, cut: Cut) => Promise<Buffer>> = {
  light: (image, cut) => image.extract(cut).toColourspace('srgb').removeAlpha().raw().toBuffer(),
  inks: (image, cut) =>
    cmykToRgb(image.pipelineColourspace('cmyk').extract(cut).toColourspace('cmyk'), cut),
  grey16: async (image, cut) => {
    const grey = image.extract(cut).toColourspace('grey16').raw({ depth: 'ushort' });
    const { buffer, byteOffset, length } = await grey.toBuffer();
    const samples = new Uint16Array(buffer, byteOffset, length / 2);
    const rgb = Buffer.allocUnsafeSlow(3 * samples.length);
    samples.forEach((sample, at) => rgb.fill(Math.min(sample, 255), 3 * at, 3 * at + 3));
    return rgb;
  },
  gif: async (image, cut) => {
    const rgba = await image.extract(cut).toColourspace('srgb').ensureAlpha().raw().toBuffer();
    const rgb = Buffer.allocUnsafeSlow((3 * rgba.length) / 4);
    for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
      // Pillow shows the colour that the palette has there, which the decoder does not tell.
      if (rgba[from + 3] !== 255) throw unsupported('GIF with transparent pixels');
      rgba.copy(rgb, to, from, from + 3);
    }
    return rgb;
  },
};

/** Light is what each ink and black let through: (255 - ink) (255 - black) / 255. */
async function cmykToRgb(inks: Sharp, { width, height }: Cut): Promise<Buffer> {
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

/**
 * Reads the frame of a JPEG or PNG where it stands at its usual place; a fraction of what opening the
 * image in a decoder takes.
 * @returns undefined where it does not: then a decoder has to look
 */
function readFrame(bytes: Buffer): ImageFrame | undefined {
  if (isPng(bytes)) return readPngFrame(bytes);
  return bytes.length >= 24 && bytes.readUInt16BE(0) === 0xffd8 ? readJpegFrame(bytes) : undefined;
}

function isPng(bytes: Buffer): boolean {
  return bytes.length >= 29 && bytes.readUInt32BE(0) === 0x89504e47;
}

/** Samples per pixel, by a PNG's colour type: grey, RGB, palette, grey and RGB with alpha. */
const PNG_CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function readPngFrame(bytes: Buffer): ImageFrame | undefined {
  if (bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  const size = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)] as const;
  const [depth, type, isInterlaced] = [bytes[24]!, bytes[25]!, bytes[28] === 1];
  const channels = PNG_CHANNELS[type];
  if (channels === undefined) return undefined;
  const sample = depth === 16 ? 2 : 1;
  return toFrame('png', size, {
    colours: depth === 16 && type === 0 ? 'grey16' : 'light',
    // All of an interlaced one, and a palette's colours; of others a few rows.
    held: isInterlaced ? Math.max(channels * sample, 4) * size[0] * size[1] : 0,
  });
}

/** Walks over the segments to the frame header (SOF0, 1 or 2: what photographs have). */
function readJpegFrame(bytes: Buffer): ImageFrame | undefined {
  let at = 2;
  while (at + 10 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker >= 0xc0 && marker <= 0xc2) {
      if (bytes[at + 4] !== 8) return undefined;
      const size = [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)] as const;
      const components = bytes[at + 9]!;
      const isInScans =
        marker === 0xc2 || bytes.indexOf(START_OF_SCAN, at) !== bytes.lastIndexOf(START_OF_SCAN);
      return toFrame('jpeg', size, {
        colours: components === 4 ? 'inks' : 'light',
        // Where the scans are several, the coefficients are kept until the last: 2 bytes each.
        held: isInScans ? 2 * components * size[0] * size[1] : 0,
      });
    }
    if (marker < 0xc4 || marker === 0xd8 || marker === 0xd9 || marker === 0xda) return undefined;
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function toFrame(
  format: 'jpeg' | 'png',
  size: Size,
  more: Pick<ImageHeader, 'colours' | 'held'>,
): ImageFrame | undefined {
  return size[0] > 0 && size[1] > 0 ? { format, size, ...more } : undefined;
}
