import { requireSameImages } from '../errors.js';
import { imageCount, type LabelSet } from './labels.js';
import type { TopClasses } from './ranking.js';
import type { ImageShares } from './statistic.js';

/** The objects that are known to be in each image, as compressed sparse rows: one entry an object. */
export interface ObjectSet {
  /** Length: images + 1. Image i has the objects `offsets[i]` to `offsets[i + 1]` - 1. */
  readonly offsets: Uint32Array;
  /** The class of each object. */
  readonly classes: Uint16Array;
  /** Of each object which patch it was painted from: objects of one number are of one patch. */
  readonly patches: Uint32Array;
}

/**
 * Whether each object is recalled: [its class is in T(i, k(i))], 0 or 1, with k(i) the number of
 * labels of its image. Over the images of k labels and k objects, its mean is A_k under the
 * rule `fraction`.
 *
 * @returns one value an object; `NaN` where the image has no labels, or more than `top` ranks
 * @throws MetricsError `metrics-count-mismatch`
 */
export function objectRecall(
  top: TopClasses,
  labels: LabelSet,
  { offsets, classes }: Pick<ObjectSet, 'offsets' | 'classes'>,
): Float64Array {
  requireSameImages('the label set', imageCount(labels), top.images);
  requireSameImages('the objects', offsets.length - 1, top.images);
  const recall = new Float64Array(classes.length).fill(NaN);
  for (let image = 0; image < top.images; image += 1) {
    const k = labels.offsets[image + 1]! - labels.offsets[image]!;
    if (k === 0 || k > top.n) continue;
    for (let at = offsets[image]!; at < offsets[image + 1]!; at += 1) {
      recall[at] = isRanked(top, image, k, classes[at]!) ? 1 : 0;
    }
  }
  return recall;
}

/** Whether a class is among the n highest of an image. */
function isRanked(
  { classes, n: ranks }: TopClasses,
  image: number,
  n: number,
  of: number,
): boolean {
  const row = image * ranks;
  for (let rank = row; rank < row + n; rank += 1) if (classes[rank] === of) return true;
  return false;
}

/**
 * Whether each label of each image is recalled: [label in T(i, k(i))], 0 or 1. As
 * {@link objectRecall}, for any label set.
 *
 * @returns one value for each of `labels.classes` from `offsets[0]` on; `NaN` where the image has more
 *   labels than `top` ranks
 * @throws MetricsError `metrics-count-mismatch`
 */
export function labelRecall(top: TopClasses, labels: LabelSet): Float64Array {
  const { offsets, classes } = labels;
  const [first, end] = [offsets[0]!, offsets.at(-1)!];
  return objectRecall(top, labels, {
    offsets: offsets.map((at) => at - first),
    classes: classes.subarray(first, end),
  });
}

/**
 * Whether the same model recognises each object's patch alone: the highest class of the image that
 * holds this patch and nothing else is the patch's. Where several images hold the patch alone, the
 * share of them in which it is.
 *
 * @param recall of the objects, as {@link objectRecall} gives it
 * @returns one value an object, 0 to 1; `NaN` where no image holds its patch alone, and for the objects
 *   that are themselves alone
 */
export function recognisedAlone(
  recall: Float64Array,
  { offsets, patches }: ObjectSet,
): Float64Array {
  const patchCount = patches.reduce((most, patch) => Math.max(most, patch + 1), 0);
  const recognised = new Float64Array(patchCount);
  const images = new Float64Array(patchCount);
  const isAlone = new Uint8Array(patches.length);
  for (let image = 0; image < offsets.length - 1; image += 1) {
    const at = offsets[image]!;
    if (offsets[image + 1]! - at !== 1) continue;
    isAlone[at] = 1;
    if (Number.isNaN(recall[at])) continue;
    recognised[patches[at]!]! += recall[at]!;
    images[patches[at]!]! += 1;
  }
  return Float64Array.from(patches, (patch, at) =>
    isAlone[at] === 1 ? NaN : recognised[patch]! / images[patch]!,
  );
}

/**
 * What each image adds to the mean of a group's objects, for every group at once: the objects of an
 * image stay together when images are resampled.
 *
 * @param offsets of the objects, as in an {@link ObjectSet}
 * @param groups the group of each object, from 0; -1 for none
 * @param values of each object; `NaN` leaves it out
 * @param weights of each object, 0 or more; 0 leaves it out. Default: all 1
 */
export function sharesByGroup(
  offsets: Uint32Array,
  groups: ArrayLike<number>,
  groupCount: number,
  values: Float64Array,
  weights?: Float64Array,
): ImageShares[] {
  const lists = Array.from({ length: groupCount }, () => ({
    members: [] as number[],
    sums: [] as number[],
    weights: [] as number[],
    objects: 0,
  }));
  for (let image = 0; image < offsets.length - 1; image += 1) {
    for (let at = offsets[image]!; at < offsets[image + 1]!; at += 1) {
      const [list, value, weight] = [lists[groups[at]!], values[at]!, weights?.[at] ?? 1];
      if (!list || value !== value || !(weight > 0)) continue; // NaN
      if (list.members.at(-1) !== image) {
        list.members.push(image);
        list.sums.push(0);
        list.weights.push(0);
      }
      const last = list.members.length - 1;
      list.sums[last]! += weight * value;
      list.weights[last]! += weight;
      list.objects += 1;
    }
  }
  return lists.map((list) => ({
    members: Uint32Array.from(list.members),
    sums: Float64Array.from(list.sums),
    weights: Float64Array.from(list.weights),
    objects: list.objects,
  }));
}
