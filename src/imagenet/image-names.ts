const EXTENSION = /\.(jpeg|jpg|png|webp)$/i;

/** Whether a file name says that it is an image. */
export function isImageName(name: string): boolean {
  return EXTENSION.test(name);
}

/** A path without the extension of an image; its other dots stay. */
export function withoutExtension(path: string): string {
  return path.replace(EXTENSION, '');
}

/** The part of a path behind its last `/`. */
export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
