import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { SAMPLE_CLASSES } from './classes.js';

const require = createRequire(import.meta.url);

/** Raw RGBA pixels. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
}

/** How a picture is turned before it is placed. */
export interface Pose {
  /** Longer side before rotation, px. */
  side: number;
  /** Degrees, clockwise. */
  angle: number;
  mirrored: boolean;
}

/** Alpha up to this is not seen as part of the object: 5% of 255. */
const INVISIBLE_ALPHA = 13;

/** The picture of every class, wnid to decoded pixels (256 x 256, 10 MB together). */
export async function openPictures(): Promise<ReadonlyMap<string, Pixels>> {
  const folder = dirname(require.resolve('@lobehub/fluent-emoji-3d/package.json'));
  return new Map(
    await Promise.all(
      SAMPLE_CLASSES.map(async ({ wnid, picture }) => {
        const decoded = sharp(join(folder, 'assets', `${picture}.webp`), { ignoreIcc: true });
        return [wnid, await toPixels(decoded.ensureAlpha())] as const;
      }),
    ),
  );
}

/** Scales and turns a picture, and cuts it to the tight box of what is visible of it. */
export async function posePicture(
  picture: Pixels,
  { side, angle, mirrored }: Pose,
): Promise<Pixels> {
  const posed = await toPixels(
    openPixels(picture)
      .resize(side, side)
      .flop(mirrored)
      .rotate(angle, { background: '#00000000' }),
  );
  return cut(posed, await findVisible(posed));
}

/** The tight box of the part of a picture that can be seen. */
async function findVisible(picture: Pixels): Promise<Region> {
  const { width, height } = picture;
  const alpha = await openPixels(picture).extractChannel('alpha').raw().toBuffer();
  // `lineArt` keeps sharp from smoothing thin tips away before it measures.
  const { info } = await sharp(alpha, { raw: { width, height, channels: 1 } })
    .trim({ background: '#000', threshold: INVISIBLE_ALPHA, lineArt: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const left = -(info.trimOffsetLeft ?? 0);
  const top = -(info.trimOffsetTop ?? 0);
  return { left, top, width: info.width, height: info.height };
}

interface Region {
  left: number;
  top: number;
  width: number;
  height: number;
}

function cut(picture: Pixels, region: Region): Promise<Pixels> {
  return toPixels(openPixels(picture).extract(region));
}

function openPixels({ data, width, height }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels: 4 } });
}

async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
