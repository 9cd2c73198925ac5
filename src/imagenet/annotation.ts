import type { Size } from '../image/box.js';
import type { AnnotatedBox } from './box.js';
import type { Wnid } from './synsets.js';

/** The objects labelled in one image, as parsed; nothing is checked against the image yet. */
export interface Annotation {
  /** File name without folder and extension, such as `ILSVRC2012_val_00000001`. */
  imageId: string;
  /** Size the annotation says the image has; null where it says none (CSV). */
  size: Size | null;
  /** In the annotation's order: an object's place here is its index in patch ids. */
  objects: readonly { wnid: Wnid; box: AnnotatedBox }[];
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
