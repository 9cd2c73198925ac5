import { readFile } from 'node:fs/promises';
import type { Dataset } from '../dataset/read-dataset.js';
import { decodeImage } from '../image/decode.js';
import { type StageOptions, throwIfAborted } from '../progress.js';

/** How far the pixels of some images are from each other, in levels of 0 to 255. */
export interface PixelDistance {
  /** Images compared. */
  images: number;
  /** The largest difference of any sample. */
  max: number;
  /** The mean absolute difference of all samples of these images. */
  mean: number;
}

/**
 * Compares the pixels of images that two datasets have, as a user loads them.
 * @param ids of images that both have, at least one, of one size in both
 * @throws ImageError where one cannot be decoded
 */
export async function pixelDistance(
  first: Dataset,
  second: Dataset,
  ids: readonly string[],
  { signal, onProgress }: StageOptions = {},
): Promise<PixelDistance> {
  const paths = await pathsOf(second, new Set(ids));
  let [images, max, sum, samples] = [0, 0, 0, 0];
  for await (const row of first.rows()) {
    const path = paths.get(row.id);
    if (path === undefined) continue;
    throwIfAborted(signal, 'compare');
    const [a, b] = [await decode(first.pathOf(row)), await decode(path)];
    for (let i = 0; i < a.length; i += 1) {
      const difference = Math.abs(a[i]! - b[i]!);
      if (difference > max) max = difference;
      sum += difference;
    }
    samples += a.length;
    images += 1;
    onProgress?.({ stage: 'compare', done: images, total: ids.length, unit: 'images' });
  }
  return { images, max, mean: sum / samples };
}

async function pathsOf(dataset: Dataset, ids: ReadonlySet<string>): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for await (const row of dataset.rows()) {
    if (ids.has(row.id)) paths.set(row.id, dataset.pathOf(row));
  }
  return paths;
}

async function decode(path: string): Promise<Buffer> {
  return (await decodeImage(await readFile(path))).data;
}
