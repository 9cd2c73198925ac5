import { openStream, type Stream } from '../random/stream.js';
import type { Recipe } from '../recipe/schema.js';

/**
 * The stream of one choice for one image: its patches (`plan`) or their places (`layout`). Paired
 * images of all k share theirs, so that each holds the patches of the smaller ones, and in a fixed
 * grid in the same cells.
 */
export function openImageStream(
  { seed, sampling }: Recipe,
  choice: 'plan' | 'layout',
  k: number,
  index: number,
): Stream {
  return openStream(`${seed}/${choice}/${sampling.paired ? 'paired' : `k=${k}`}/image=${index}`);
}
