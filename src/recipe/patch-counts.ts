import type { Recipe } from './schema.js';

/** The numbers of patches a recipe asks for, ascending; those with a count of 0 left out. */
export function patchCounts({ sampling }: Recipe): number[] {
  return Object.entries(sampling.counts)
    .filter(([, count]) => count > 0)
    .map(([k]) => Number(k))
    .sort((a, b) => a - b);
}
