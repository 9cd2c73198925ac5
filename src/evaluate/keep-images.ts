import { digestOf } from '../files/digest.js';
import type { EvaluationSet } from './evaluation-set.js';

/**
 * A set without some of its images, which are counted under `reason`. Its digest is another: scores
 * of it are not those of the whole set.
 */
export function withoutImages(
  set: EvaluationSet,
  ids: ReadonlySet<string>,
  reason: string,
): EvaluationSet {
  if (ids.size === 0) return set;
  const isKept = (_: unknown, index: number): boolean => !ids.has(set.ids[index]!);
  const kept = set.ids.filter(isKept);
  return {
    ...set,
    ids: kept,
    images: set.images && { ...set.images, places: set.images.places.filter(isKept) },
    originals: set.originals?.filter(isKept),
    labels: set.labels.filter(isKept),
    digest: digestOf([set.digest, kept]),
    leftOut: {
      ...set.leftOut,
      [reason]: (set.leftOut[reason] ?? 0) + set.ids.length - kept.length,
    },
  };
}

/** The first images of a set, for a quick trial. */
export function firstImages(set: EvaluationSet, limit: number | undefined): EvaluationSet {
  if (limit === undefined) return set;
  return withoutImages(set, new Set(set.ids.slice(limit)), 'beyond-limit');
}
