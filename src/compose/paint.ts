import type { Size } from '../image/box.js';
import { resizeSync, type RgbaImage } from '../image/resize.js';
import type { PnmImage } from '../image/rgb-image.js';
import type { Rectangle } from '../recipe/geometry.js';
import type { Recipe } from '../recipe/schema.js';

/**
 * Paints a patch into its place on a canvas, which is changed: resized to the place, or for `cover`
 * to the smallest size of its own aspect that fills the place, of which the centre shows.
 */
export function paint(
  canvas: RgbaImage,
  patch: PnmImage,
  place: Rectangle,
  { fit, kernel }: Recipe['patch'],
): void {
  const [x, y, width, height] = place;
  const size =
    fit === 'cover'
      ? coveringSize([patch.width, patch.height], [width, height])
      : ([width, height] as const);
  const resized = resizeSync(patch, size[0], size[1], kernel);
  const left = Math.floor((size[0] - width) / 2);
  const top = Math.floor((size[1] - height) / 2);
  for (let row = 0; row < height; row += 1) {
    const start = 4 * ((top + row) * size[0] + left);
    const target = 4 * ((y + row) * canvas.width + x);
    resized.data.copy(canvas.data, target, start, start + 4 * width);
  }
}

function coveringSize(patch: Size, place: Size): Size {
  const scale = Math.max(place[0] / patch[0], place[1] / patch[1]);
  return [
    Math.max(place[0], Math.round(patch[0] * scale)),
    Math.max(place[1], Math.round(patch[1] * scale)),
  ];
}
