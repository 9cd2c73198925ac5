/** S3 takes no smaller part, but for the last, bytes. */
const MIN_PART = 5 << 20;
const MAX_PARTS = 10_000;

/**
 * The bytes of a part of a file that goes to S3 in parts; one of no more bytes goes at once. What
 * S3 says of such an object depends on it, so that it is not to change.
 */
export function partSizeOf(size: number): number {
  return Math.max(MIN_PART, Math.ceil(size / MAX_PARTS));
}
