import { TransferError } from '../errors.js';

/**
 * The names in a path from the root.
 * @throws TransferError `storage-outside` unless it leads down from there through plain names
 */
export function partsOfPath(relative: string): string[] {
  if (isPlainPath(relative)) return relative.split('/');
  throw isOutside(NOT_PLAIN, relative);
}

export const NOT_PLAIN = 'this is not a plain path below the root of the storage';

/** Whether a path leads down from the root through plain names. */
export function isPlainPath(relative: string): boolean {
  return (
    Buffer.byteLength(relative) <= MAX_PATH &&
    relative
      .split('/')
      .every((part) => part !== '' && Buffer.byteLength(part) <= MAX_NAME && !ODD.test(part))
  );
}

/** The most bytes that a name, and a key of S3, may have. */
const MAX_NAME = 255;
const MAX_PATH = 900;

/** What no name needs and some system takes for something else. */
const ODD = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\\:*?"<>|]|^\s|[\s.]$/u;

/** The error for a path that a worker does not follow. */
export function isOutside(problem: string, place: string, path?: string): TransferError {
  return new TransferError(problem, {
    code: 'storage-outside',
    path,
    place,
    fix: 'name what lies below the root, such as inputs/train',
  });
}

/** The error for a path at which nothing complete is. */
export function isNotThere(path: string): TransferError {
  return new TransferError('there is nothing complete of this name in the storage', {
    code: 'not-found',
    path,
    fix: 'check the name, and that this is the root that the other machines have',
  });
}
