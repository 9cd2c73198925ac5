import { imageCount, type LabelSet } from './label-set.js';

/** k(i), the number of labels of each image. */
export function labelCounts(labels: LabelSet): Uint32Array {
  const { offsets } = labels;
  return Uint32Array.from({ length: imageCount(labels) }, (_, i) => offsets[i + 1]! - offsets[i]!);
}

/**
 * How many images have k labels, at position k. Position 0 counts the images without labels, which
 * ReaL accuracy, variable top-k and ASMA leave out.
 */
export function labelCountHistogram(labels: LabelSet): number[] {
  const counts = labelCounts(labels);
  const histogram = new Array<number>(counts.reduce((most, k) => Math.max(most, k), 0) + 1).fill(0);
  for (const k of counts) histogram[k]! += 1;
  return histogram;
}
