import sharp, { type Sharp } from 'sharp';
import type { Stream } from '../../src/random.js';
import { drawBackground } from './background.js';
import { type Pixels, posePicture } from './picture.js';

/** One object in an image: its tight box, inclusive and from 0, as ImageNet's XML has it. */
export type SampleBox = readonly [xmin: number, ymin: number, xmax: number, ymax: number];

export interface RenderedImage {
  width: number;
  height: number;
  image: Sharp;
  boxes: SampleBox[];
}

/** Places tried for an object before it is left out; the first finds one at once. */
const TRIES = 30;
/** Px that two boxes may overlap along both sides. */
const MAX_OVERLAP = 12;

/** Renders one to three objects of one class on a background. */
export async function renderImage(picture: Pixels, stream: Stream): Promise<RenderedImage> {
  const [width, height] = chooseSize(stream);
  const background = await drawBackground(width, height, stream);
  const objects = 1 + stream.int(3);
  const overlays: { input: Buffer; raw: object; left: number; top: number }[] = [];
  const boxes: SampleBox[] = [];
  for (let i = 0; i < objects; i += 1) {
    const side = Math.round(
      (Math.min(width, height) * (0.5 + 0.4 * stream.real())) / Math.sqrt(objects),
    );
    const posed = await posePicture(picture, {
      side,
      angle: Math.round(-40 + 80 * stream.real()),
      mirrored: stream.int(2) === 1,
    });
    const box = findPlace([width, height], [posed.width, posed.height], boxes, stream);
    if (!box) continue;
    boxes.push(box);
    const raw = { width: posed.width, height: posed.height, channels: 4 };
    overlays.push({ input: posed.data, raw, left: box[0], top: box[1] });
  }
  return { width, height, boxes, image: sharp(background).composite(overlays as never) };
}

/** Sizes as ImageNet has them: mostly 500 px long, landscape, portrait or square. */
function chooseSize(stream: Stream): [width: number, height: number] {
  const shorter = 320 + stream.int(80);
  const longer = 400 + 20 * stream.int(6);
  return stream.int(4) === 0 ? [shorter, longer] : [longer, shorter];
}

function findPlace(
  [width, height]: readonly [number, number],
  [objectWidth, objectHeight]: readonly [number, number],
  placed: readonly SampleBox[],
  stream: Stream,
): SampleBox | undefined {
  if (objectWidth > width || objectHeight > height) return undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const x = stream.int(width - objectWidth + 1);
    const y = stream.int(height - objectHeight + 1);
    const box: SampleBox = [x, y, x + objectWidth - 1, y + objectHeight - 1];
    if (placed.every((other) => !overlaps(box, other))) return box;
  }
  return undefined;
}

function overlaps(a: SampleBox, b: SampleBox): boolean {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return width > MAX_OVERLAP && height > MAX_OVERLAP;
}
