/** A half-open pixel box `[x0, y0, x1, y1)`, 0-based, inside its image. */
export type PixelBox = readonly [x0: number, y0: number, x1: number, y1: number];

/** Width and height, px. */
export type Size = readonly [width: number, height: number];

/** A cell of a grid of `columns` x `rows`; `column` and `row` count from 0, from the top left. */
export interface GridCell {
  columns: number;
  rows: number;
  column: number;
  row: number;
}

/** Width and height of a box. */
export function sizeOf(box: PixelBox): Size {
  return [box[2] - box[0], box[3] - box[1]];
}

/** Intersection over union of two boxes, 0 to 1. */
export function intersectionOverUnion(a: PixelBox, b: PixelBox): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  return intersection / (areaOf(a) + areaOf(b) - intersection);
}

/** The smallest box around all of these. */
export function boxAround(boxes: readonly PixelBox[]): PixelBox {
  return boxes.reduce((a, b) => [
    Math.min(a[0], b[0]),
    Math.min(a[1], b[1]),
    Math.max(a[2], b[2]),
    Math.max(a[3], b[3]),
  ]);
}

/** A box widened on each side by a fraction of that side, rounded and clipped to the image. */
export function widenBox(box: PixelBox, margin: number, image: Size): PixelBox {
  const [width, height] = sizeOf(box);
  const dx = Math.round(width * margin);
  const dy = Math.round(height * margin);
  return [
    Math.max(box[0] - dx, 0),
    Math.max(box[1] - dy, 0),
    Math.min(box[2] + dx, image[0]),
    Math.min(box[3] + dy, image[1]),
  ];
}

/** The size that fits in `limit` with the same aspect, at least 1 px per side. */
export function fitInside([width, height]: Size, limit: Size): Size {
  const scale = Math.min(limit[0] / width, limit[1] / height);
  return [
    Math.min(limit[0], Math.max(1, Math.round(width * scale))),
    Math.min(limit[1], Math.max(1, Math.round(height * scale))),
  ];
}

function areaOf(box: PixelBox): number {
  const [width, height] = sizeOf(box);
  return width * height;
}
