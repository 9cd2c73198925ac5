import type { PerImage } from './accuracy.js';
import { type Subgroup, type SubgroupOptions, subgroups } from './asma.js';
import { groupedValue, type ResampleCounts } from './group-means.js';
import type { LabelSet } from './labels.js';

/** A number about an evaluation set that can be taken again on a resample of its images. */
export interface Statistic {
  /** Images in the evaluation set: what is resampled. */
  readonly images: number;
  /** Images that the number is about; the others are left out. */
  readonly included: number;
  /** Groups of images that are resampled each by itself; absent where all images are, together. */
  readonly strata?: readonly Subgroup[] | undefined;
  /**
   * For each image the number of its cluster, from 0: the images of one cluster are drawn together.
   * Absent where each image is drawn by itself. Not together with strata.
   */
  readonly clusters?: Uint32Array | undefined;
  /** The number on a resample, or on the set as it is; `NaN` when nothing of it is left. */
  readonly value: (counts?: ResampleCounts) => number;
}

/** The mean of a per-image score; images with `NaN` are left out. Resampled over all images. */
export function meanStatistic(values: PerImage): Statistic {
  return groupedMean(values, [positionsOf(values)]);
}

/** Where a score is not `NaN`. */
function positionsOf(values: PerImage): Uint32Array {
  const members = new Uint32Array(values.length);
  let count = 0;
  for (let image = 0; image < values.length; image += 1) {
    if (!Number.isNaN(values[image])) members[count++] = image;
  }
  return members.slice(0, count);
}

/**
 * ASMA, the unweighted mean of A_k over the non-empty subgroups, resampled within the subgroups: each
 * keeps its number of images, so that none is ever empty.
 *
 * Source: Anzaku et al. (arXiv 2412.18409); stratified resampling: Davison and Hinkley 1997,
 * "Bootstrap Methods and their Application", section 3.2.
 *
 * @throws MetricsError `metrics-count-mismatch`, `metrics-out-of-range`
 */
export function asmaStatistic(
  values: PerImage,
  labels: LabelSet,
  options: SubgroupOptions = {},
): Statistic {
  const groups = subgroups(values, labels, options);
  const members = groups.map((group) => group.members);
  return { ...groupedMean(values, members), strata: groups };
}

/**
 * A_k of each subgroup, empty ones too, by the group's name; each resampled within its subgroup.
 *
 * @throws MetricsError `metrics-count-mismatch`, `metrics-out-of-range`
 */
export function subgroupStatistics(
  values: PerImage,
  labels: LabelSet,
  options: SubgroupOptions = {},
): Record<string, Statistic> {
  return Object.fromEntries(
    subgroups(values, labels, options).map((group) => [
      group.group,
      { ...groupedMean(values, [group.members]), strata: [group] },
    ]),
  );
}

/** The unweighted mean of the non-empty groups' means. */
function groupedMean(values: PerImage, groups: readonly Uint32Array[]): Statistic {
  const parts = groups.map((members) => ({ members, scores: scoresOf(values, members) }));
  return {
    images: values.length,
    included: groups.reduce((sum, members) => sum + members.length, 0),
    value: groupedValue(parts, values.length),
  };
}

function scoresOf(values: PerImage, members: Uint32Array): Float64Array {
  const scores = new Float64Array(members.length);
  for (let at = 0; at < members.length; at += 1) scores[at] = values[members[at]!]!;
  return scores;
}

/**
 * The unweighted mean of the classes' means: every original class weighs the same, however many
 * images it has. A resample leaves out the classes that it drew no image of.
 *
 * Source: the accuracy of the TFDS catalogue's `imagenet2012_multilabel`.
 *
 * @param classes the original class of each image; one below 0 leaves it out
 */
export function classMeanStatistic(
  values: PerImage,
  classes: ArrayLike<number>,
  classCount: number,
): Statistic {
  const members = Uint32Array.from(values.keys()).filter(
    (image) => !Number.isNaN(values[image]) && classes[image]! >= 0,
  );
  const everyone: ResampleCounts = new Uint16Array(values.length).fill(1);
  return {
    images: values.length,
    included: members.length,
    value: (counts = everyone) => {
      const sums = new Float64Array(classCount);
      const weights = new Float64Array(classCount);
      for (const image of members) {
        sums[classes[image]!]! += counts[image]! * values[image]!;
        weights[classes[image]!]! += counts[image]!;
      }
      let sum = 0;
      let filled = 0;
      for (let label = 0; label < classCount; label += 1) {
        if (weights[label] === 0) continue;
        sum += sums[label]! / weights[label]!;
        filled += 1;
      }
      return sum / filled;
    },
  };
}

/** What each image adds to a mean of things that several of an image may be of. */
export interface ImageShares {
  /** Positions of the images that have any, ascending. */
  readonly members: Uint32Array;
  /** Of each of these the sum of its things' values, weighted. */
  readonly sums: Float64Array;
  /** Of each the sum of its things' weights. */
  readonly weights: Float64Array;
  /** The things. */
  readonly objects: number;
}

/**
 * The weighted mean over the objects of images: the ratio of two sums over images, resampled over
 * images, so that the objects of an image stay together. `included` counts what is drawn: the images
 * that have such an object, or their clusters.
 *
 * Source: ratio of sums, Davison and Hinkley 1997, example 2.16; images of one cluster together, Field
 * and Welsh 2007, "Bootstrapping clustered data" (JRSS B 69).
 *
 * @param images in the evaluation set
 * @param drawn how: within strata, or in clusters. Default: each image by itself, all together
 */
export function ratioStatistic(
  images: number,
  { members, sums, weights }: ImageShares,
  drawn: Pick<Statistic, 'strata' | 'clusters'> = {},
): Statistic {
  const { clusters } = drawn;
  const everyone: ResampleCounts = new Uint16Array(images).fill(1);
  const units = clusters && new Set(Array.from(members, (image) => clusters[image]!));
  return {
    images,
    included: units ? units.size : members.length,
    ...drawn,
    value: (counts = everyone) => {
      let sum = 0;
      let weight = 0;
      for (let at = 0; at < members.length; at += 1) {
        const count = counts[members[at]!]!;
        sum += count * sums[at]!;
        weight += count * weights[at]!;
      }
      return sum / weight;
    },
  };
}
