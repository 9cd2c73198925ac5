import { describe, expect, it } from '@jest/globals';
import type { IndexedImage } from '../../src/generate/build-index.js';
import { estimatePoolBytes } from '../../src/generate/extract-pool.js';
import type { AnnotatedBox } from '../../src/imagenet/annotation.js';

async function* imagesWith(...boxes: AnnotatedBox[]): AsyncGenerator<IndexedImage> {
  const place = { file: 'a.JPEG', size: 9 };
  const objects = boxes.map((box, object) => ({ object, wnid: 'n01440764', class: 0, box }));
  yield await Promise.resolve({ image: 'a', place, size: null, objects });
}

describe('estimatePoolBytes', () => {
  it('adds three bytes a pixel up', async () => {
    // 10 x 20 and 30 x 40
    expect(await estimatePoolBytes(imagesWith([0, 0, 9, 19], [0, 0, 29, 39]), 196)).toBe(
      3 * (200 + 1200),
    );
  });

  it('takes a patch larger than what is stored as scaled down', async () => {
    // 400 x 200 to 196 x 98
    expect(await estimatePoolBytes(imagesWith([0, 0, 399, 199]), 196)).toBe(3 * 196 * 98);
  });

  it.each<AnnotatedBox>([
    [9, 9, 0, 0],
    [-1e308, -1e308, 1e308, 1e308],
    [0, 0, 1e300, 1],
  ])('is a number for the box %d %d %d %d', async (...box) => {
    const bytes = await estimatePoolBytes(imagesWith(box), 196);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(3 * 196 * 196);
  });
});
