import type { PixelBox } from '../image/box.js';
import type { ClassIndex, Wnid } from '../imagenet/synsets.js';

/** One row of a pool's `patches.jsonl`. */
export interface PatchRow {
  /** `<imageId>#<objectIndex>` */
  id: string;
  wnid: Wnid;
  class: ClassIndex;
  /** Id of the image it was cut from. */
  source: string;
  /** What was cut out of that image, px. */
  box: PixelBox;
  /** Size as stored, px: that of the box, or scaled down to the pool's store side. */
  width: number;
  height: number;
  /** SHA-256 of its pixels: RGB, row by row. */
  sha256: string;
  /** Where its `3 * width * height` bytes start in `patches.bin`. */
  offset: number;
}
