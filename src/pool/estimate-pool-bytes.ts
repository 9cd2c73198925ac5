import { fitInside } from '../image/box.js';
import type { IndexedImage } from '../imagenet/sort-objects.js';

/** About how many bytes the patches of these images take, before the filters. */
export async function estimatePoolBytes(
  images: AsyncIterable<IndexedImage>,
  storeSide: number,
): Promise<number> {
  let bytes = 0;
  for await (const { objects } of images) {
    for (const { box } of objects) {
      const width = Math.min(Math.max(1, box[2] - box[0] + 1), 10_000);
      const height = Math.min(Math.max(1, box[3] - box[1] + 1), 10_000);
      const stored = fitInside([width, height], [storeSide, storeSide]);
      bytes += 3 * Math.min(width * height, stored[0] * stored[1]);
    }
  }
  return bytes;
}
