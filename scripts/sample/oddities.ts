import type { Sharp } from 'sharp';
import type { SampleBox } from './render-image.js';

/** What a researcher's ImageNet holds too, and what patchml makes of it. */
export const ODDITIES = [
  { name: 'greyscale', what: 'one greyscale JPEG: spread to RGB' },
  { name: 'icc', what: 'one JPEG with an ICC profile: the profile is ignored' },
  { name: 'png', what: 'one PNG named .JPEG: read by its content' },
  { name: 'truncated', what: 'one truncated JPEG: its objects are dropped, image-corrupt' },
  { name: 'no-image', what: 'one XML without an image: its objects are dropped, image-missing' },
  { name: 'out-of-bounds', what: 'one box out of bounds: clipped to its image' },
  { name: 'degenerate', what: 'one degenerate box: dropped, degenerate-box' },
] as const;

export type Oddity = (typeof ODDITIES)[number]['name'];

/** The oddity of the validation image at this position, if it has one: every fifth, from the third. */
export function oddityAt(position: number): Oddity | undefined {
  return position % 5 === 2 ? ODDITIES[Math.floor(position / 5)]?.name : undefined;
}

/** The bytes of an image file with its oddity; undefined for no file at all. */
export async function encodeImage(image: Sharp, oddity?: Oddity): Promise<Buffer | undefined> {
  const jpeg = { quality: 90 };
  switch (oddity) {
    case 'greyscale':
      return image.toColourspace('b-w').jpeg(jpeg).toBuffer();
    case 'icc':
      return image.withIccProfile('p3').jpeg(jpeg).toBuffer();
    case 'png':
      return image.png().toBuffer();
    case 'truncated': {
      const whole = await image.jpeg(jpeg).toBuffer();
      return whole.subarray(0, Math.floor(whole.length / 2));
    }
    case 'no-image':
      return undefined;
    default:
      return image.jpeg(jpeg).toBuffer();
  }
}

/** The boxes of an annotation with its oddity. */
export function distortBoxes(
  boxes: readonly SampleBox[],
  [width, height]: readonly [number, number],
  oddity?: Oddity,
): SampleBox[] {
  const [first, ...rest] = boxes;
  switch (oddity) {
    case 'out-of-bounds':
      return [[first![0], first![1], width + 39, height + 24], ...rest];
    case 'degenerate':
      return [...boxes, [first![2], first![3], first![0], first![1]]];
    default:
      return [...boxes];
  }
}
