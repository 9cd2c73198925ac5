import { openStream, type Stream } from '../random/stream.js';
import type { Recipe } from '../recipe/schema.js';

/**
 * The stream that draws the patches of one image. Paired images of all k share one, so that each
 * holds the patches of the smaller ones.
 */
export function openImageStream({ seed, sampling }: Recipe, k: number, index: number): Stream {
  return openStream(`${seed}/plan/${sampling.paired ? 'paired' : `k=${k}`}/image=${index}`);
}
