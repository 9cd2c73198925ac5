import type { PixelBox, Size } from '../image/box.js';

/** The four numbers of an annotation as they stand there: inclusive, in the annotation's own size. */
export type AnnotatedBox = readonly [xmin: number, ymin: number, xmax: number, ymax: number];

/**
 * The one place where ImageNet's inclusive boxes become half-open ones: `x1 = xmax + 1`, scaled from
 * the size the annotation says to the size the image has, rounded, and clipped to the image.
 * @param annotated size in the annotation; null (CSV) or not positive: the image's own
 * @param image size of the decoded image
 * @returns undefined for a degenerate box: reversed, not finite, or wholly outside the image
 */
export function toPixelBox(
  box: AnnotatedBox,
  annotated: Size | null,
  image: Size,
): PixelBox | undefined {
  const [xmin, ymin, xmax, ymax] = box;
  if (!box.every(Number.isFinite) || xmax < xmin || ymax < ymin) return undefined;
  const scaleX = scaleOf(annotated?.[0], image[0]);
  const scaleY = scaleOf(annotated?.[1], image[1]);
  const x0 = clip(Math.round(xmin * scaleX), image[0]);
  const y0 = clip(Math.round(ymin * scaleY), image[1]);
  const x1 = clip(Math.round((xmax + 1) * scaleX), image[0]);
  const y1 = clip(Math.round((ymax + 1) * scaleY), image[1]);
  return x1 > x0 && y1 > y0 ? [x0, y0, x1, y1] : undefined;
}

function scaleOf(annotated: number | undefined, actual: number): number {
  return annotated !== undefined && annotated > 0 ? actual / annotated : 1;
}

function clip(value: number, limit: number): number {
  return Math.min(Math.max(value, 0), limit);
}
