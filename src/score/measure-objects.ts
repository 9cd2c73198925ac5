import type { Subgroup } from '../metrics/asma.js';
import {
  chanceOfVariableTopK,
  type ImageShares,
  labelCounts,
  type LabelSet,
  objectRecall,
  type ObjectSet,
  ratioStatistic,
  recognisedAlone,
  sharesByGroup,
  type Statistic,
  type StatisticInterval,
  type TopClasses,
} from '../metrics/index.js';
import type { PaintedObject, PaintedSet } from '../sets/evaluation-set.js';
import type {
  Intervals,
  ObjectMetric,
  ObjectScores,
  Pending,
  RecallGivenAlone,
} from './details.js';
import { numberOrNull } from './scorecard.js';

/** What the recall of objects is measured on; all in the set's order. */
export interface MeasureObjectsInput {
  top: TopClasses;
  labels: LabelSet;
  painted: PaintedSet;
  /** The images of each number of labels, as A_k has them. */
  groups: readonly Subgroup[];
}

/**
 * Measures the recall of single objects: by the number of labels, by place and by painted size, and
 * given that the same patch is recognised alone.
 *
 * Numbers about images of k labels are resampled within these, as A_k is; others over all images, or
 * where the set is paired, over the numbers of images: those of one number hold the same patches.
 */
export function measureObjects({
  top,
  labels,
  painted,
  groups,
}: MeasureObjectsInput): Pending<ObjectScores> {
  const objects = objectSetOf(painted);
  const each = painted.images.flatMap((image) => image.objects);
  const ids = each.map(({ patch }) => patch);
  const recall = objectRecall(top, labels, objects);
  const clusters = clustersOf(painted);
  const groupOf = groupOfObjects(groups, objects);
  const collect = openCollector(objects, labels, recall);

  const byCount = keep(
    collect.add(groupOf, groups.length, { draw: (at) => ({ strata: [groups[at]!] }) }),
    ({ at }) => ({ group: groups[at]!.group }),
  );
  const cells = distinct(each.map(({ cell }) => cellKey(cell)));
  const byPosition = keep(
    collect.add(cells.numbers, cells.keys.length, { draw: () => ({ clusters }) }),
    ({ at }) => each[cells.numbers.indexOf(at)]!.cell,
  ).sort((a, b) => (cellKey(a.of) < cellKey(b.of) ? -1 : 1));
  const sides = each.map(({ side }) => sideBin(side));
  const bySide = keep(collect.add(sides, SIDES.length, { draw: () => ({ clusters }) }), ({ at }) =>
    sideOf(at),
  );
  const byCountAndSide = keep(
    collect.add(
      sides.map((bin, at) => (groupOf[at]! < 0 ? -1 : groupOf[at]! * SIDES.length + bin)),
      groups.length * SIDES.length,
      { draw: (at) => ({ strata: [groups[Math.floor(at / SIDES.length)]!] }) },
    ),
    ({ at }) => ({
      group: groups[Math.floor(at / SIDES.length)]!.group,
      ...sideOf(at % SIDES.length),
    }),
  );
  const givenAlone = measureGivenAlone(
    { objects, ids, recall, groups, groupOf, clusters },
    collect,
  );
  return {
    statistics: collect.statistics,
    finish(intervals) {
      const finished = <Of extends object>(kept: readonly Kept<Of>[]): (Of & ObjectMetric)[] =>
        kept.map(({ of, metric }) => ({ ...of, ...metric(intervals) }));
      return {
        n: objects.classes.length,
        images: painted.images.filter((image) => image.objects.length > 0).length,
        patches: new Set(ids).size,
        unreached: recall.filter((value) => Number.isNaN(value)).length,
        layout: painted.layout,
        byCount: finished(byCount),
        ...(givenAlone ? { givenAlone: givenAlone(intervals) } : {}),
        byPosition: finished(byPosition),
        bySide: finished(bySide),
        byCountAndSide: finished(byCountAndSide),
      };
    },
  };
}

/**
 * In a paired set, a patch is told by the number of its image too: the image of this number that holds
 * it alone has it in the same place, so that nothing but the number of objects differs.
 */
function objectSetOf({ images }: PaintedSet): ObjectSet {
  const offsets = new Uint32Array(images.length + 1);
  images.forEach(({ objects }, image) => {
    offsets[image + 1] = offsets[image]! + objects.length;
  });
  const classes = images.flatMap(({ objects }) => objects.map(({ category }) => category));
  const patches = images.flatMap(({ number = '', objects }) =>
    objects.map(({ patch }) => `${number} ${patch}`),
  );
  return {
    offsets,
    classes: Uint16Array.from(classes),
    patches: Uint32Array.from(distinct(patches).numbers),
  };
}

/** Of keys, those that differ, in the order in which they first come, and which each one is. */
function distinct(keys: readonly string[]): { keys: string[]; numbers: number[] } {
  const known = new Map<string, number>();
  const numbers = keys.map((key) => {
    const number = known.get(key) ?? known.size;
    known.set(key, number);
    return number;
  });
  return { keys: [...known.keys()], numbers };
}

/** The images of one number, in a paired set; undefined for any other. */
export function clustersOf({ images }: PaintedSet): Uint32Array | undefined {
  if (images.some(({ number }) => number === undefined)) return undefined;
  return Uint32Array.from(distinct(images.map(({ number }) => String(number))).numbers);
}

/** For each object the subgroup of its image; -1 for none. */
function groupOfObjects(groups: readonly Subgroup[], { offsets, classes }: ObjectSet): Int32Array {
  const groupOf = new Int32Array(classes.length).fill(-1);
  groups.forEach(({ members }, group) => {
    for (const image of members) groupOf.fill(group, offsets[image], offsets[image + 1]);
  });
  return groupOf;
}

/** Sorts as one reads: smaller grids first, then row by row. */
function cellKey({ columns, rows, column, row }: PaintedObject['cell']): string {
  return [columns, rows, row, column].map((part) => String(part).padStart(3, '0')).join();
}

/**
 * The least sides of the bins that objects are grouped in, px: powers of two and what lies halfway
 * between. They are the same for every set, so that sets can be compared.
 */
const SIDES = [0, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];

function sideBin(side: number): number {
  return SIDES.findLastIndex((from) => side >= from);
}

function sideOf(bin: number): { from: number; to: number | null } {
  return { from: SIDES[bin]!, to: SIDES[bin + 1] ?? null };
}

/** A number that is known once its interval is. */
type PendingMetric = (intervals: Intervals) => ObjectMetric;

/** One group of objects. */
interface Measured {
  /** The group's number. */
  at: number;
  n: number;
  metric: PendingMetric;
}

/** A group that has objects, and what it is of. */
interface Kept<Of> {
  of: Of;
  metric: PendingMetric;
}

function keep<Of>(measured: readonly Measured[], of: (group: Measured) => Of): Kept<Of>[] {
  return measured
    .filter(({ n }) => n > 0)
    .map((group) => ({ of: of(group), metric: group.metric }));
}

/** What is measured of groups, unless it is the plain recall of all their objects. */
interface Groups {
  /** How the images of a group are drawn. */
  draw: (at: number) => Pick<Statistic, 'strata' | 'clusters'>;
  /** Of each object, with `NaN` to leave it out. Default: its recall. */
  values?: Float64Array;
  /** Of each object. Default: 1. */
  weights?: Float64Array;
  /** The chance level of an object in an image of k labels. Default: k / 1,000. */
  chance?: (k: number, classCount: number) => number;
}

interface Collector {
  statistics: Record<string, Statistic>;
  /** Measures groups of objects. @param groups the group of each object; -1 for none */
  add: (groups: ArrayLike<number>, groupCount: number, of: Groups) => Measured[];
}

function openCollector(
  { offsets, classes }: ObjectSet,
  labels: LabelSet,
  recall: Float64Array,
): Collector {
  const images = offsets.length - 1;
  const k = new Uint32Array(classes.length);
  labelCounts(labels).forEach((count, image) => {
    k.fill(count, offsets[image], offsets[image + 1]);
  });
  const statistics: Record<string, Statistic> = {};
  let measured = 0;
  return {
    statistics,
    add(groups, groupCount, { draw, values = recall, weights, chance = chanceOfVariableTopK }) {
      const levels = values.map((value, at) =>
        Number.isNaN(value) ? NaN : chance(k[at]!, labels.classCount),
      );
      const chances = sharesByGroup(offsets, groups, groupCount, levels, weights);
      return sharesByGroup(offsets, groups, groupCount, values, weights).map((shares, at) => {
        const name = `objects/${measured}`;
        measured += 1;
        const n = shares.objects;
        if (n > 0) statistics[name] = ratioStatistic(images, shares, draw(at));
        const level = numberOrNull(ratioOf(chances[at]!));
        return {
          at,
          n,
          metric: (intervals) => toObjectMetric(intervals[name], shares, level),
        };
      });
    },
  };
}

function ratioOf({ sums, weights }: ImageShares): number {
  const add = (sum: number, value: number): number => sum + value;
  return sums.reduce(add, 0) / weights.reduce(add, 0);
}

function toObjectMetric(
  interval: StatisticInterval | undefined,
  { objects, members }: ImageShares,
  chance: number | null,
): ObjectMetric {
  const { estimate = NaN, low = NaN, high = NaN } = interval ?? {};
  return {
    value: numberOrNull(estimate),
    low: numberOrNull(low),
    high: numberOrNull(high),
    n: objects,
    images: members.length,
    chance,
  };
}

interface GivenAloneInput {
  objects: ObjectSet;
  /** The patch of each object. */
  ids: readonly string[];
  recall: Float64Array;
  groups: readonly Subgroup[];
  groupOf: Int32Array;
  clusters: Uint32Array | undefined;
}

/** Undefined where no image holds one object alone. */
function measureGivenAlone(
  { objects, ids, recall, groups, groupOf, clusters }: GivenAloneInput,
  collect: Collector,
): ((intervals: Intervals) => ObjectScores['givenAlone']) | undefined {
  const single = singleObjects(objects.offsets);
  if (single.length === 0) return undefined;
  const alone = recognisedAlone(recall, objects);
  const isSingle = new Set(single);
  const slice = (
    group: string,
    isIn: (group: number) => boolean,
    drawn: ReturnType<Groups['draw']>,
  ): ((intervals: Intervals) => RecallGivenAlone)[] => {
    const inSlice = groupOf.map((number, at) => (isIn(number) && !isSingle.has(at) ? 0 : -1));
    if (!inSlice.includes(0)) return [];
    const measure = (of: Omit<Groups, 'draw'>): PendingMetric =>
      collect.add(inSlice, 1, { draw: () => drawn, ...of })[0]!.metric;
    const known = alone.map((value) => (Number.isNaN(value) ? 0 : 1));
    const recallOfKnown = measure({ weights: known });
    const recognised = measure({
      values: alone.map((value, at) => (Number.isNaN(recall[at]) ? NaN : value)),
      chance: (_, classCount) => 1 / classCount,
    });
    const given = measure({ weights: alone });
    const givenNot = measure({ weights: alone.map((value) => 1 - value) });
    const isMissing = (at: number): boolean =>
      inSlice[at]! >= 0 && Number.isNaN(alone[at]) && !Number.isNaN(recall[at]);
    const missing = [...alone.keys()].filter(isMissing);
    const without = { n: missing.length, patches: new Set(missing.map((at) => ids[at])).size };
    return [
      (intervals) => ({
        group,
        without,
        recall: recallOfKnown(intervals),
        alone: recognised(intervals),
        givenAlone: given(intervals),
        givenNotAlone: givenNot(intervals),
      }),
    ];
  };
  const rows = [
    ...groups.flatMap(({ group }, number) =>
      slice(group, (each) => each === number, { strata: [groups[number]!] }),
    ),
    ...slice('all', (each) => each >= 0, { clusters }),
  ];
  return (intervals) => ({
    images: single.length,
    patches: new Set(single.map((at) => ids[at])).size,
    byCount: rows.map((row) => row(intervals)),
  });
}

/** The objects that are the only one of their image. */
function singleObjects(offsets: Uint32Array): number[] {
  const single: number[] = [];
  for (let image = 0; image < offsets.length - 1; image += 1) {
    const [start, end] = [offsets[image]!, offsets[image + 1]!];
    if (end - start === 1) single.push(start);
  }
  return single;
}
