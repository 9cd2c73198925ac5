import { decodeRegion } from './decode.js';
import { encode, type ImageFormat } from './encode.js';
import { resizeSync } from './resize.js';
import { newPnmImage, type RgbImage } from './rgb-image.js';

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
      const { data } = resizeSync(image, 8, 8, 'lanczos3');
      return data.length === 4 * 8 * 8 && data[0] === 0x80;
    }),
  };
}

async function thereAndBack(image: RgbImage, format: ImageFormat): Promise<boolean> {
  const decoded = await decodeRegion(await encode(image, format, 95), [0, 0, 16, 16], {
    isCmyk: false,
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
