/**
 * What a scorecard says beside its metrics: of single objects, classes, pairs of classes and
 * confusions, and what its metrics are at chance. All shares are from 0 to 1; a class is told by its
 * index, 0 to 999. A value without `low` and `high` has no interval: it is of fewer images than
 * `options.minImages` (in a paired set, the images of one number count once), or of none.
 */
import { z } from 'zod';
import type { Statistic, StatisticInterval } from '../metrics/index.js';

/** The intervals of statistics, by the names they were given. */
export type Intervals = Readonly<Record<string, StatisticInterval>>;

/** Numbers that are known once their intervals are. */
export interface Pending<T> {
  /** By names that differ from all others'. */
  statistics: Record<string, Statistic>;
  finish: (intervals: Intervals) => T;
}

const share = z.number().min(0).max(1);
const count = z.int().min(0);
const classIndex = z.int().min(0).max(999);

const interval = {
  value: share.nullable().describe('null if it has no objects'),
  low: share.nullable().describe('Lower end of its interval; null if it has none'),
  high: share.nullable().describe('Upper end of its interval; null if it has none'),
};
const chance = share.nullable().describe('Of a model that ranks the 1,000 classes at random');

const recall = z.strictObject({
  ...interval,
  n: count.describe('Number of objects'),
  images: count.describe('Images that they are in'),
  chance,
});

/** The share of some objects that are recalled: their class is among the k highest of an image of k. */
export type ObjectMetric = z.output<typeof recall>;

const side = {
  from: z.number().min(0).describe('Least side of the bin, px'),
  to: z.number().nullable().describe('The bin ends below this side, px; null for no end'),
};

const group = z.string().regex(/^(>?\d+|all)$/);

const given = z.strictObject({
  group: group.describe('Images of so many labels: `2`, `>5`; `all`: of several objects'),
  without: z
    .strictObject({ n: count.describe('Objects'), patches: count.describe('Their patches') })
    .describe('What no image holds alone, which is in none of the four numbers'),
  recall: recall.describe('Recall of the objects whose patch some image holds alone'),
  alone: recall.describe('Of these objects the share whose patch is recognised alone'),
  givenAlone: recall.describe('Recall of those whose patch is recognised alone'),
  givenNotAlone: recall.describe('Recall of those whose patch is not recognised alone'),
});

/** Recall in images of several objects, given whether the same patch is recognised alone. */
export type RecallGivenAlone = z.output<typeof given>;

/** The `objects` of a scorecard on a PatchML dataset. */
export const objectScoresSchema = z.strictObject({
  n: count.describe('Objects in the set'),
  images: count.describe('Images that they are in'),
  patches: count.describe('Different patches they were painted from'),
  unreached: count.describe(
    'Objects of images with more labels than the predictions rank: in no number',
  ),
  layout: z
    .enum(['grid', 'fixed-grid', 'rows', 'scatter'])
    .describe('Of the recipe; in a scatter, positions are thirds of the safe area'),
  byCount: z
    .array(recall.extend({ group: group.describe('Images of so many labels') }))
    .describe('By the number of labels'),
  givenAlone: z
    .strictObject({
      images: count.describe('Images of one object'),
      patches: count.describe('Different patches in these'),
      byCount: z.array(given),
    })
    .optional()
    .describe('Absent where no image holds one object alone'),
  byPosition: z
    .array(
      recall.extend({
        columns: z.int().min(1).describe('Of the grid of images of so many objects'),
        rows: z.int().min(1),
        column: count.describe('From 0, from the left'),
        row: count.describe('From 0, from the top'),
      }),
    )
    .describe('By the cell that the object lies in; those with objects'),
  bySide: z
    .array(recall.extend(side))
    .describe("By the side that the object is painted in: the root of its box's area"),
  byCountAndSide: z
    .array(recall.extend({ group, ...side }))
    .describe('A_k by the side its objects are painted in'),
});

/** What a scorecard says of the objects of a PatchML dataset. */
export type ObjectScores = z.output<typeof objectScoresSchema>;

const pair = z.strictObject({
  classes: z.tuple([classIndex, classIndex]).describe('Ascending'),
  ...interval,
  n: count.describe('Images of exactly these two labels'),
  each: z.tuple([share, share]).describe('Recall of the one class and of the other in them'),
  chance,
});

/** Two classes that share images of two labels, with the mean recall of the two in these. */
export type PairMetric = z.output<typeof pair>;

/** The `pairs` of a scorecard. */
export const pairScoresSchema = z.strictObject({
  images: count.describe('Images of two labels'),
  pairs: count.describe('Different pairs of classes in them'),
  commonest: z.array(pair).describe('The 20 in the most images'),
  worst: z.array(pair).describe('The 20 with the lowest recall, worst first'),
});

/** The pairs of classes of images of two labels; of pairs that are alike, lower classes come first. */
export type PairScores = z.output<typeof pairScoresSchema>;

const classMetric = z.strictObject({
  class: classIndex,
  ...interval,
  n: count.describe('Images with this label'),
  chance,
});

/** The recall of one class: the share of the images with this label that have it in T(i, k(i)). */
export type ClassMetric = z.output<typeof classMetric>;

/** The `classes` of a scorecard. */
export const classScoresSchema = z.strictObject({
  classes: count.describe('Classes that are a label of some image'),
  best: z.array(classMetric).describe('The 20 with the highest recall, best first'),
  worst: z.array(classMetric).describe('The 20 with the lowest recall, worst first'),
});

/** The classes that are recalled most and least; of equal recall those in more images first. */
export type ClassScores = z.output<typeof classScoresSchema>;

const confusion = z.strictObject({
  label: classIndex.describe('A label that is not among the k highest classes of an image'),
  predicted: classIndex.describe('A class that is, and is no label of the image'),
  n: count.describe('Images of which both are true'),
  of: count.describe('Images with this label'),
});

/** A label that is missed, and what is predicted in the same image instead. */
export type Confusion = z.output<typeof confusion>;

/** The `confusions` of a scorecard. */
export const confusionsSchema = z.strictObject({
  pairs: count.describe('Different pairs of a missed label and a class predicted instead'),
  commonest: z.array(confusion).describe('The 50 in the most images'),
});

/** The commonest confusions; those in equally many images by label, then by predicted class. */
export type Confusions = z.output<typeof confusionsSchema>;

const level = z.strictObject({
  classes: z.int().min(1),
  metrics: z.record(z.string(), z.number()).describe('By name, subgroups as `A_2`, `A_2_any`'),
});

/** The `chance` of a scorecard. */
export const chanceSchema = z.strictObject({
  all: level.describe('Of a model that ranks the 1,000 classes at random'),
  set: level.describe('Of one that knows which classes are in the set, and ranks these at random'),
});

/** What a random ranking would score on average in each of a scorecard's metrics. */
export type ChanceLevels = z.output<typeof chanceSchema>;
