import type { LabelSet } from './label-set.js';
import type { PerImage } from './per-image.js';
import { subgroups, type SubgroupOptions } from './subgroups.js';

/**
 * How often each image was drawn in one resample. Counts beyond 65,535 would need that many draws of
 * one image.
 */
export type ResampleCounts = Uint16Array;

/** A number about an evaluation set that can be taken again on a resample of its images. */
export interface Statistic {
  /** Images in the evaluation set: what is resampled. */
  readonly images: number;
  /** Images that the number is about; the others are left out. */
  readonly included: number;
  /** The number on a resample, or on the set as it is; `NaN` when nothing of it is left. */
  readonly value: (counts?: ResampleCounts) => number;
}

/** The mean of a per-image score. */
export function meanStatistic(values: PerImage): Statistic {
  const members = Uint32Array.from(values.keys()).filter((image) => !Number.isNaN(values[image]));
  return groupedMean(values, [members]);
}

/** ASMA: each resample's own subgroup means, averaged over the subgroups it has images of. */
export function asmaStatistic(
  values: PerImage,
  labels: LabelSet,
  options: SubgroupOptions = {},
): Statistic {
  return groupedMean(
    values,
    subgroups(values, labels, options).map(({ members }) => members),
  );
}

/** A_k of each subgroup, empty ones too, by the group's name. */
export function subgroupStatistics(
  values: PerImage,
  labels: LabelSet,
  options: SubgroupOptions = {},
): Record<string, Statistic> {
  return Object.fromEntries(
    subgroups(values, labels, options).map(({ group, members }) => [
      group,
      groupedMean(values, [members]),
    ]),
  );
}

/** The unweighted mean of the non-empty groups' means. */
function groupedMean(values: PerImage, groups: readonly Uint32Array[]): Statistic {
  const parts = groups.map((members) => ({
    members,
    scores: Float64Array.from(members, (image) => values[image]!),
  }));
  const everyone = new Uint16Array(values.length).fill(1);
  return {
    images: values.length,
    included: groups.reduce((sum, members) => sum + members.length, 0),
    value: (counts = everyone) => {
      let sum = 0;
      let filled = 0;
      for (const { members, scores } of parts) {
        const mean = weightedMean(counts, members, scores);
        if (Number.isNaN(mean)) continue;
        sum += mean;
        filled += 1;
      }
      return sum / filled;
    },
  };
}

function weightedMean(counts: Uint16Array, members: Uint32Array, scores: Float64Array): number {
  let sum = 0;
  let weight = 0;
  for (let at = 0; at < scores.length; at += 1) {
    const count = counts[members[at]!]!;
    sum += count * scores[at]!;
    weight += count;
  }
  return sum / weight;
}
