import type { LabelSet, PerImage } from '../metrics/index.js';

/**
 * What is kept of each image beside a scorecard, so that models and sets can be compared: in the
 * set's order, `NaN` where a score is not defined.
 */
export interface PerImageScores {
  ids: readonly string[];
  /** The number of labels. */
  k: Uint32Array;
  top1: PerImage;
  top5: PerImage;
  real: PerImage;
  variableTopK: PerImage;
  /** Variable top-k under the rule `any`. */
  any: PerImage;
  /** Variable top-k under the rule `exact`. */
  exact: PerImage;
}

/** A label set of which only the numbers of labels are known, which is what ASMA asks for. */
export function labelSetOfCounts(counts: Uint32Array, classCount: number): LabelSet {
  const offsets = new Uint32Array(counts.length + 1);
  counts.forEach((k, image) => {
    offsets[image + 1] = offsets[image]! + k;
  });
  return { offsets, classes: new Uint16Array(0), classCount };
}
