import { invalid, requireInteger } from '../errors.js';

/**
 * The valid class indices of each image of an evaluation set, L(i), as compressed sparse rows: image
 * i has `classes[offsets[i] .. offsets[i + 1])`, ascending and distinct; k(i) is how many those are.
 * An image without labels was not annotated. `offsets[0]` need not be 0: see {@link sliceLabelSet}.
 */
export interface LabelSet {
  /** Length: images + 1. */
  readonly offsets: Uint32Array;
  readonly classes: Uint16Array;
  /** Classes are 0 to `classCount` - 1. */
  readonly classCount: number;
}

/**
 * A label set from one list of class indices per image, in any order; duplicates count once.
 *
 * @param lists one list per image; an empty one means "not annotated"
 * @param classCount 1 to 65,536
 * @throws MetricsError `metrics-label-out-of-range`, with the image's position; `metrics-out-of-range`
 */
export function labelSet(lists: readonly (readonly number[])[], classCount: number): LabelSet {
  requireInteger('classCount', classCount, 1, 65_536);
  const offsets = new Uint32Array(lists.length + 1);
  const classes: number[] = [];
  lists.forEach((list, image) => {
    for (const label of list) {
      if (!Number.isInteger(label) || label < 0 || label >= classCount) {
        throw invalid(
          'metrics-label-out-of-range',
          `the labels of image ${image} (counted from 0)`,
          `class indices from 0 to ${classCount - 1}`,
          label,
        );
      }
    }
    classes.push(...[...new Set(list)].sort((a, b) => a - b));
    offsets[image + 1] = classes.length;
  });
  return { offsets, classes: Uint16Array.from(classes), classCount };
}

/** The number of images in a label set. */
export function imageCount(labels: LabelSet): number {
  return labels.offsets.length - 1;
}

/**
 * The labels of images `start` to `end` - 1; shares memory with `labels`.
 *
 * @throws MetricsError `metrics-out-of-range`
 */
export function sliceLabelSet(labels: LabelSet, start: number, end: number): LabelSet {
  requireInteger('end', end, 0, imageCount(labels));
  requireInteger('start', start, 0, end);
  return { ...labels, offsets: labels.offsets.subarray(start, end + 1) };
}

/** Whether class `label` is valid for image `image`. */
export function hasLabel(labels: LabelSet, image: number, label: number): boolean {
  let low = labels.offsets[image]!;
  let high = labels.offsets[image + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = labels.classes[middle]!;
    if (found === label) return true;
    if (found < label) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** k(i), the number of labels of each image. */
export function labelCounts(labels: LabelSet): Uint32Array {
  const { offsets } = labels;
  return Uint32Array.from({ length: imageCount(labels) }, (_, i) => offsets[i + 1]! - offsets[i]!);
}

/**
 * How many images have k labels, at position k. Position 0 counts the images without labels, which
 * ReaL accuracy, variable top-k and ASMA leave out.
 */
export function labelCountHistogram(labels: LabelSet): number[] {
  const counts = labelCounts(labels);
  const histogram = new Array<number>(counts.reduce((most, k) => Math.max(most, k), 0) + 1).fill(0);
  for (const k of counts) histogram[k]! += 1;
  return histogram;
}
