import type { LabelSet } from './label-set.js';
import { imageMean, withoutUnlabelled, type PerImage } from './per-image.js';
import { subgroupAccuracies, type SubgroupAccuracy, type SubgroupOptions } from './subgroups.js';

/** ASMA, with what it is made of. */
export interface Asma {
  /** The unweighted mean of A_k over the non-empty subgroups; `NaN` when all are empty. */
  readonly asma: number;
  /** The mean over images of the same scores, to stand beside ASMA and never instead of it. */
  readonly imageWeighted: number;
  /** Images in it. */
  readonly images: number;
  /** Images left out: those without labels, or without a score. */
  readonly excluded: number;
  readonly subgroups: readonly SubgroupAccuracy[];
}

/**
 * The average subgroup multi-label accuracy: every number of labels weighs the same, however many
 * images have it.
 *
 * Source: Anzaku et al. (arXiv 2412.18409); the group of images with more than `maxGroup` labels is
 * ours.
 *
 * @param values variable top-k of each image (or any per-image score)
 */
export function asma(values: PerImage, labels: LabelSet, options: SubgroupOptions = {}): Asma {
  const groups = subgroupAccuracies(values, labels, options);
  const filled = groups.filter(({ images }) => images > 0);
  const { mean: imageWeighted, ...counts } = imageMean(withoutUnlabelled(values, labels));
  return {
    asma: filled.reduce((sum, group) => sum + group.mean, 0) / filled.length,
    imageWeighted,
    ...counts,
    subgroups: groups,
  };
}
