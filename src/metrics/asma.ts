import { requireInteger, requireSameImages } from '../errors.js';
import type { PerImage } from './accuracy.js';
import { imageCount, type LabelSet } from './labels.js';

/** ASMA, with what it is made of. */
export interface Asma {
  /** The unweighted mean of A_k over the non-empty subgroups; `NaN` when all are empty. */
  readonly asma: number;
  /** The mean of the same scores over the images, to stand beside ASMA and never instead of it. */
  readonly imageWeighted: number;
  /** Images in it. */
  readonly images: number;
  /** Images left out: those without labels, without a score, or in a subgroup not asked for. */
  readonly excluded: number;
  /** Images in the smallest of the non-empty subgroups, each of which weighs the same; 0 for none. */
  readonly smallest: number;
  readonly subgroups: readonly SubgroupAccuracy[];
}

/**
 * ASMA, which the paper calls aggregate subgroup model accuracy: Σ A_k / (non-empty subgroups). Every
 * number of labels weighs the same, however many images have it.
 *
 * Source: Anzaku et al. (arXiv 2412.18409); the group of images with more than `maxGroup` labels is
 * ours.
 *
 * @param values variable top-k of each image (or any per-image score)
 * @throws MetricsError `metrics-count-mismatch`, `metrics-out-of-range`
 */
export function asma(values: PerImage, labels: LabelSet, options: SubgroupOptions = {}): Asma {
  const groups = subgroupAccuracies(values, labels, options);
  const filled = groups.filter(({ images }) => images > 0);
  const images = filled.reduce((sum, group) => sum + group.images, 0);
  return {
    asma: filled.reduce((sum, group) => sum + group.mean, 0) / filled.length,
    imageWeighted: filled.reduce((sum, group) => sum + group.mean * group.images, 0) / images,
    images,
    excluded: values.length - images,
    smallest: filled.length === 0 ? 0 : Math.min(...filled.map((group) => group.images)),
    subgroups: groups,
  };
}

/** How images are grouped by their number of labels. */
export interface SubgroupOptions {
  /** Images with more labels than this form one group, ">5". Default 5, at least 1. */
  readonly maxGroup?: number;
  /** Only these groups, by their names, such as `['1', '2']`. Default: all. */
  readonly only?: readonly string[] | undefined;
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
 * @throws MetricsError `metrics-count-mismatch`, `metrics-out-of-range`
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

/** The images of each subgroup, in the order of {@link subgroupAccuracies}. */
export function subgroups(
  values: PerImage,
  labels: LabelSet,
  { maxGroup = 5, only }: SubgroupOptions,
): Subgroup[] {
  requireInteger('maxGroup', maxGroup, 1, 65_536);
  requireSameImages('the label set', imageCount(labels), values.length);
  const members = Array.from({ length: maxGroup + 1 }, (): number[] => []);
  for (let image = 0; image < values.length; image += 1) {
    const k = labels.offsets[image + 1]! - labels.offsets[image]!;
    const value = values[image]!;
    if (k === 0 || value !== value) continue; // NaN: the image is left out
    members[k > maxGroup ? maxGroup : k - 1]!.push(image);
  }
  const groups = members.map((images, at) => ({
    group: at < maxGroup ? String(at + 1) : `>${maxGroup}`,
    members: Uint32Array.from(images),
  }));
  return only ? groups.filter(({ group }) => only.includes(group)) : groups;
}
