import pLimit from 'p-limit';
import type { RgbImage } from '../image/pixels.js';
import { makeThumbnail } from '../image/thumbnail.js';

/** Thumbnails fit in a square of so many px. */
const SIDE = 256;

/** Those that were asked for last are kept, in memory: some thousands in so many bytes. */
const MAX_BYTES = 64 * 2 ** 20;

/** Images that are decoded at once; each may take hundreds of megabytes. */
const AT_ONCE = 2;

/** Makes thumbnails when they are asked for, and keeps them in memory. */
export interface Thumbnails {
  /**
   * The thumbnail of an image, a JPEG; undefined where nobody waits for it any longer.
   * @param name tells images apart
   * @throws PatchmlError where the image cannot be shown
   */
  get: (
    name: string,
    readPixels: () => Promise<RgbImage>,
    signal: AbortSignal,
  ) => Promise<Buffer | undefined>;
}

export function openThumbnails(): Thumbnails {
  const kept = new Map<string, Buffer>();
  const limit = pLimit(AT_ONCE);
  let bytes = 0;
  const keep = (name: string, thumbnail: Buffer): void => {
    bytes += thumbnail.length - (kept.get(name)?.length ?? 0);
    kept.delete(name);
    kept.set(name, thumbnail);
    for (const [oldest, { length }] of kept) {
      if (bytes <= MAX_BYTES) break;
      kept.delete(oldest);
      bytes -= length;
    }
  };
  return {
    async get(name, readPixels, signal) {
      const known = kept.get(name);
      const thumbnail =
        known ??
        (await limit(async () =>
          signal.aborted ? undefined : makeThumbnail(await readPixels(), SIDE),
        ));
      if (thumbnail !== undefined) keep(name, thumbnail);
      return thumbnail;
    },
  };
}
