import type { Subgroup } from '../metrics/asma.js';
import {
  chanceOfVariableTopK,
  hasLabel,
  imageCount,
  labelCounts,
  type LabelSet,
  ratioStatistic,
  sharesByGroup,
  type StatisticInterval,
  type TopClasses,
} from '../metrics/index.js';
import type {
  ClassMetric,
  ClassScores,
  Confusions,
  PairMetric,
  PairScores,
  Pending,
} from './details.js';
import { numberOrNull } from './scorecard.js';

/** Lists of classes and of pairs of classes are cut after so many. */
const LISTED = 20;
/** The list of confusions is cut after so many. */
const LISTED_CONFUSIONS = 50;

/** What labels are measured on; all in the set's order. */
export interface MeasureLabelsInput {
  top: TopClasses;
  labels: LabelSet;
  /** Of each of the labels whether it is recalled; `NaN` where the ranks do not reach. */
  recall: Float64Array;
}

/**
 * The classes that are recalled most and least: of each label the share of the images with it in which
 * it is among the k(i) highest classes.
 *
 * @param clusters how images are drawn together; undefined where each is drawn by itself
 */
export function measureClasses(
  { labels, recall }: Omit<MeasureLabelsInput, 'top'>,
  clusters: Uint32Array | undefined,
): Pending<ClassScores> {
  const found = new Float64Array(labels.classCount);
  const n = new Uint32Array(labels.classCount);
  labels.classes.forEach((label, at) => {
    if (Number.isNaN(recall[at])) return;
    found[label]! += recall[at]!;
    n[label]! += 1;
  });
  const present = [...n.keys()].filter((label) => n[label]! > 0);
  const share = (label: number): number => found[label]! / n[label]!;
  const sorted = (sign: number): number[] =>
    [...present].sort((a, b) => sign * (share(b) - share(a)) || n[b]! - n[a]! || a - b);
  const [best, worst] = [sorted(1).slice(0, LISTED), sorted(-1).slice(0, LISTED)];

  const listed = [...new Set([...best, ...worst])];
  const slots = Int32Array.from(labels.classes, (label) => listed.indexOf(label));
  const levels = new Float64Array(recall.length);
  labelCounts(labels).forEach((k, image) => {
    const level = k === 0 ? NaN : chanceOfVariableTopK(k, labels.classCount);
    levels.fill(level, labels.offsets[image], labels.offsets[image + 1]);
  });
  recall.forEach((value, at) => {
    if (Number.isNaN(value)) levels[at] = NaN;
  });
  const shares = sharesByGroup(labels.offsets, slots, listed.length, recall);
  const chances = sharesByGroup(labels.offsets, slots, listed.length, levels);
  const statistics = shares.map((each, at) => [
    `class/${listed[at]!}`,
    ratioStatistic(imageCount(labels), each, { clusters }),
  ]);
  const chanceOf = (label: number): number => {
    const { sums } = chances[listed.indexOf(label)]!;
    return sums.reduce((sum, level) => sum + level, 0) / sums.length;
  };
  return {
    statistics: Object.fromEntries(statistics) as Pending<ClassScores>['statistics'],
    finish(intervals) {
      const toMetric = (label: number): ClassMetric => ({
        class: label,
        ...intervalOf(intervals[`class/${label}`]!),
        n: n[label]!,
        chance: chanceOf(label),
      });
      return {
        classes: present.length,
        best: best.map(toMetric),
        worst: worst.map(toMetric),
      };
    },
  };
}

function intervalOf({
  estimate,
  low,
  high,
}: StatisticInterval): Pick<ClassMetric, 'value' | 'low' | 'high'> {
  return { value: numberOrNull(estimate), low: numberOrNull(low), high: numberOrNull(high) };
}

/** Two classes that are the labels of the same images. */
interface Pair {
  classes: [number, number];
  images: number[];
  /** In how many of these each is recalled. */
  found: [number, number];
  /** Of each image how many of the two are recalled. */
  both: number[];
}

/**
 * The pairs of classes in images of two labels: those that are together most often, and those of which
 * the fewest are recalled.
 *
 * @param groups the images of each number of labels, within which they are resampled
 */
export function measurePairs(
  { labels, recall }: Omit<MeasureLabelsInput, 'top'>,
  groups: readonly Subgroup[],
): Pending<PairScores> {
  const pairs = findPairs(labels, recall);
  const share = ({ found, images }: Pair): number => (found[0] + found[1]) / images.length;
  const byClasses = (a: Pair, b: Pair): number =>
    a.classes[0] - b.classes[0] || a.classes[1] - b.classes[1];
  const bySize = (a: Pair, b: Pair): number => b.images.length - a.images.length;
  const commonest = [...pairs].sort((a, b) => bySize(a, b) || byClasses(a, b)).slice(0, LISTED);
  const worst = [...pairs]
    .sort((a, b) => share(a) - share(b) || bySize(a, b) || byClasses(a, b))
    .slice(0, LISTED);

  const [, ofTwo] = groups;
  const statistics = [...new Set([...commonest, ...worst])].map((pair) => {
    const members = Uint32Array.from(pair.images);
    const sums = Float64Array.from(pair.both);
    const weights = new Float64Array(members.length).fill(2);
    const shares = { members, sums, weights, objects: 2 * members.length };
    return [nameOf(pair), ratioStatistic(imageCount(labels), shares, { strata: [ofTwo!] })];
  });
  return {
    statistics: Object.fromEntries(statistics) as Pending<PairScores>['statistics'],
    finish(intervals) {
      const toMetric = (pair: Pair): PairMetric => ({
        classes: pair.classes,
        ...intervalOf(intervals[nameOf(pair)]!),
        n: pair.images.length,
        each: [pair.found[0] / pair.images.length, pair.found[1] / pair.images.length],
        chance: chanceOfVariableTopK(2, labels.classCount),
      });
      return {
        images: pairs.reduce((sum, { images }) => sum + images.length, 0),
        pairs: pairs.length,
        commonest: commonest.map(toMetric),
        worst: worst.map(toMetric),
      };
    },
  };
}

function nameOf({ classes }: Pair): string {
  return `pair/${classes.join('-')}`;
}

function findPairs(labels: LabelSet, recall: Float64Array): Pair[] {
  const pairs = new Map<number, Pair>();
  labelCounts(labels).forEach((k, image) => {
    const at = labels.offsets[image]!;
    if (k !== 2 || Number.isNaN(recall[at])) return;
    const [a, b] = [labels.classes[at]!, labels.classes[at + 1]!];
    const key = a * labels.classCount + b;
    const pair = pairs.get(key) ?? { classes: [a, b], images: [], found: [0, 0], both: [] };
    pair.images.push(image);
    pair.found[0] += recall[at]!;
    pair.found[1] += recall[at + 1]!;
    pair.both.push(recall[at]! + recall[at + 1]!);
    pairs.set(key, pair);
  });
  return [...pairs.values()];
}

/**
 * What models confuse: a label that is not among the k(i) highest classes of an image, and a class that
 * is and is no label of it. In an image of several labels it is not known which class stands for which
 * label, so every missed label is paired with every wrong class.
 */
export function findConfusions({ top, labels, recall }: MeasureLabelsInput): Confusions {
  const { offsets, classes, classCount } = labels;
  const of = new Uint32Array(classCount);
  const images = new Map<number, number>();
  labelCounts(labels).forEach((k, image) => {
    if (k === 0 || k > top.n) return;
    const row = image * top.n;
    for (let at = offsets[image]!; at < offsets[image + 1]!; at += 1) {
      const label = classes[at]!;
      of[label]! += 1;
      for (let rank = row; recall[at] === 0 && rank < row + k; rank += 1) {
        const predicted = top.classes[rank]!;
        if (hasLabel(labels, image, predicted)) continue;
        const key = label * classCount + predicted;
        images.set(key, (images.get(key) ?? 0) + 1);
      }
    }
  });
  const sorted = [...images].sort(([a, x], [b, y]) => y - x || a - b);
  return {
    pairs: sorted.length,
    commonest: sorted.slice(0, LISTED_CONFUSIONS).map(([key, n]) => {
      const label = Math.floor(key / classCount);
      return { label, predicted: key % classCount, n, of: of[label]! };
    }),
  };
}
