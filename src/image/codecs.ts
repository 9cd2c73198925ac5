import { createRequire } from 'node:module';
import { z } from 'zod';
import { decodeRegion } from './decode.js';
import { encode, type ImageFormat } from './encode.js';
import { kernelDigest, threadKernel } from './kernel/kernel.js';
import { newPnmImage, type RgbImage } from './pixels.js';
import { loadSharp } from './sharp.js';

const require = createRequire(import.meta.url);

export const codecVersionsSchema = z.object({
  sharp: z.string(),
  libvips: z.string(),
  /**
   * The image kernel, which decodes JPEG and resizes: the beginning of its SHA-256. Not in what was
   * made before there was one.
   */
  kernel: z.string().optional(),
  /** The library in libvips that decodes the JPEGs that the kernel leaves to it. */
  jpegDecoder: z.string(),
  /** The package that encodes JPEG. */
  jpegEncoder: z.string(),
  /** The package that encodes PNG. */
  resizer: z.string(),
});

/** Versions of everything that turns files into pixels and back. */
export type CodecVersions = z.output<typeof codecVersionsSchema>;

/** The versions that are installed. */
export async function codecVersions(): Promise<CodecVersions & { kernel: string }> {
  const versions: Record<string, string | undefined> = (await loadSharp()).versions;
  const { sharp, vips, mozjpeg, jpeg } = versions;
  return {
    sharp: sharp ?? 'unknown',
    libvips: vips ?? 'unknown',
    kernel: kernelDigest().slice(0, 16),
    jpegDecoder: mozjpeg ? `mozjpeg ${mozjpeg}` : `libjpeg ${jpeg ?? 'unknown'}`,
    jpegEncoder: `@julusian/jpeg-turbo ${packageVersion('@julusian/jpeg-turbo')}`,
    resizer: `@napi-rs/image ${packageVersion('@napi-rs/image')}`,
  };
}

function packageVersion(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}

/** For each native part, `works` or what it says. */
export type CodecStates = Record<'png' | 'jpeg' | 'webp' | 'resizing', string>;

/** Takes a small picture through every native part: to a file and back, and to another size. */
export async function checkCodecs(): Promise<CodecStates> {
  const image = newPnmImage(16, 16);
  image.data.fill(0x80);
  return {
    png: await stateOf(() => thereAndBack(image, 'png')),
    jpeg: await stateOf(() => thereAndBack(image, 'jpeg')),
    webp: await stateOf(() => thereAndBack(image, 'webp')),
    resizing: await stateOf(() => {
      const kernel = threadKernel();
      kernel.bring(image).set(image.data);
      const { data } = kernel.resize({ from: [16, 16], size: [8, 8], filter: 'lanczos' });
      return data.every((level) => level === 0x80);
    }),
  };
}

async function thereAndBack(image: RgbImage, format: ImageFormat): Promise<boolean> {
  const decoded = await decodeRegion(await encode(image, format, 95), [0, 0, 16, 16], {
    colours: 'light',
  });
  return decoded.data.equals(image.data);
}

async function stateOf(check: () => boolean | Promise<boolean>): Promise<string> {
  try {
    return (await check()) ? 'works' : 'gives wrong pixels';
  } catch (error) {
    return (error as Error).message;
  }
}
