import { imageCount, type LabelSet } from './label-set.js';
import { requireInteger, requireSameImages } from './metrics-error.js';
import type { PerImage } from './per-image.js';

/** How images are grouped by their number of labels. */
export interface SubgroupOptions {
  /** Images with more labels than this form one group, ">5". Default 5, at least 1. */
  readonly maxGroup?: number;
}

/** A_k: the mean of one subgroup. */
export interface SubgroupAccuracy {
  /** `'1'` to `'5'`, then `'>5'`. */
  readonly group: string;
  /** `NaN` for an empty group. */
  readonly mean: number;
  /** Images in the mean. */
  readonly images: number;
}

/** The images of one subgroup that have a score. */
export interface Subgroup {
  readonly group: string;
  /** Positions in the evaluation set, ascending. */
  readonly members: Uint32Array;
}

/**
 * Subgroup accuracies A_k: the mean score of the images with k labels, for k = 1 to `maxGroup`, and
 * of those with more. Every group is listed, empty ones too; images without labels are in none.
 *
 * @param values any per-image score, variable top-k as a rule
 */
export function subgroupAccuracies(
  values: PerImage,
  labels: LabelSet,
  options: SubgroupOptions = {},
): SubgroupAccuracy[] {
  return subgroups(values, labels, options).map(({ group, members }) => {
    let sum = 0;
    for (const image of members) sum += values[image]!;
    return { group, mean: sum / members.length, images: members.length };
  });
}

/** Who is in which subgroup, in the order of {@link subgroupAccuracies}. */
export function subgroups(
  values: PerImage,
  labels: LabelSet,
  { maxGroup = 5 }: SubgroupOptions,
): Subgroup[] {
  requireInteger('maxGroup', maxGroup, 1, 65_536);
  requireSameImages('the label set', imageCount(labels), values.length);
  const members = Array.from({ length: maxGroup + 1 }, (): number[] => []);
  for (let image = 0; image < values.length; image += 1) {
    const k = labels.offsets[image + 1]! - labels.offsets[image]!;
    if (k === 0 || Number.isNaN(values[image])) continue;
    members[Math.min(k, maxGroup + 1) - 1]!.push(image);
  }
  return members.map((images, at) => ({
    group: at < maxGroup ? String(at + 1) : `>${maxGroup}`,
    members: Uint32Array.from(images),
  }));
}
