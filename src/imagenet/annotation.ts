import type { PixelBox, Size } from '../image/box.js';
import type { Wnid } from './synsets.js';

/** The objects labelled in one image, as parsed; nothing is checked against the image yet. */
export interface Annotation {
  /** File name without folder and extension, such as `ILSVRC2012_val_00000001`. */
  imageId: string;
  /** Size the annotation says the image has; null where it says none (CSV). */
  size: Size | null;
  /** In the annotation's order: an object's place here is its index in patch ids. */
  objects: readonly (AnnotatedObject | MalformedObject)[];
}

/** An object as its annotation has it. */
export interface AnnotatedObject {
  wnid: Wnid;
  box: AnnotatedBox;
}

/** An object without one name and one box; counted and listed, the others of its image are kept. */
export interface MalformedObject {
  /** What is wrong, in one line. */
  problem: string;
}

/** An annotation that could not be parsed; counted and listed, it ends no run unless strict. */
export interface MalformedAnnotation {
  imageId: string;
  /** What is wrong, in one line. */
  problem: string;
}

const IMAGE_ID = /^[\w][\w.-]*$/;

/** Whether a name can be an image id: no folder, no `..`, no odd characters. */
export function isImageId(name: string): boolean {
  return IMAGE_ID.test(name) && name.length <= 128;
}

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

/** Sides of one image may differ this much in scale before its annotation is of another image. */
const ASPECT_TOLERANCE = 0.02;

/**
 * Whether an annotation's size can be that of this image at some scale. It cannot where width and
 * height are exchanged (the image was rotated after it was annotated), nor where the two sides
 * differ in scale by more than 2% and more than a pixel of rounding: then its boxes lie elsewhere.
 * @param annotated null (CSV) or not positive: nothing is said, so nothing contradicts
 */
export function isSizeOf(annotated: Size | null, image: Size): boolean {
  if (!annotated?.every((side) => side > 0 && Number.isFinite(side))) {
    return true;
  }
  const [width, height] = annotated;
  if (width !== height && width === image[1] && height === image[0]) return false;
  const [scaleX, scaleY] = [image[0] / width, image[1] / height];
  const rounding = 1 / Math.min(width, height) + 1 / Math.min(...image);
  const difference = Math.max(scaleX, scaleY) / Math.min(scaleX, scaleY) - 1;
  return difference <= Math.max(ASPECT_TOLERANCE, rounding);
}

function scaleOf(annotated: number | undefined, actual: number): number {
  return annotated !== undefined && annotated > 0 ? actual / annotated : 1;
}

function clip(value: number, limit: number): number {
  return Math.min(Math.max(value, 0), limit);
}
