import type { PerImage, ResampleCounts, Statistic } from '../metrics/index.js';

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
