// The parts of a scorecard beside its metrics: measure-objects, measure-classes and chance, as
// scorePredictions puts them together. Numbers are worked out by hand here.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  type ScoreInput,
  scorePredictions,
  type ScoreOptions,
} from '../../src/score/score-predictions.js';
import type { ScorecardBody } from '../../src/score/scorecard.js';
import type { EvaluationSet, PaintedImage, PaintedSet } from '../../src/sets/evaluation-set.js';
import { inOrder, madeSet, madeSource, scoreRows } from '../support/unit-scores.js';

type Objects = NonNullable<ScorecardBody['objects']>;

/** A row of predictions: these classes on top, in this order. */
const ranking = (...classes: number[]): Record<number, number> =>
  Object.fromEntries(classes.map((label, at) => [label, 90 - at]));

/** An image with its objects: [class, patch, side in px, cell of a 2 x 2 grid from 0]. */
type Made = readonly (readonly [label: number, patch: string, side: number, cell: number])[];

function painted(images: readonly Made[], numbers?: readonly number[]): PaintedImage[] {
  return images.map((objects, image) => ({
    number: numbers?.[image],
    objects: objects.map(([category, patch, side, cell]) => ({
      category,
      patch,
      side,
      cell: { columns: 2, rows: 2, column: cell % 2, row: Math.floor(cell / 2) },
    })),
  }));
}

function setOf(images: readonly Made[], numbers?: readonly number[]): EvaluationSet {
  const objects: PaintedSet = { layout: 'fixed-grid', images: painted(images, numbers) };
  const labels = images.map((each) => each.map(([label]) => label).sort((a, b) => a - b));
  return madeSet(labels, { kind: 'patchml', rule: 'patchml', painted: objects });
}

async function score(
  set: EvaluationSet,
  rows: readonly Record<number, number>[],
  options: ScoreOptions = { resamples: 20, minImages: 1 },
): Promise<ScorecardBody> {
  const source = madeSource('scores', scoreRows(rows));
  return (await scorePredictions({ source, positions: inOrder(rows.length), set }, options)).body;
}

// Classes 500 and up, so that the floor (classes 0, 1, 2, ...) is never right.
const images: Made[] = [
  [[500, 'a', 60, 0]], // alone: right
  [[600, 'b', 60, 1]], // alone: wrong
  [
    [500, 'a', 60, 0],
    [600, 'b', 40, 1],
  ],
  [
    [500, 'a', 60, 2],
    [700, 'c', 70, 3],
  ],
  [
    [600, 'b', 20, 1],
    [500, 'd', 48, 0],
  ],
];
const rows = [
  ranking(500, 600),
  ranking(900, 600),
  ranking(500, 900), // a
  ranking(900, 700), // c
  ranking(600, 901), // b
];

describe('objects in a scorecard', () => {
  const objectsOf = async (numbers?: readonly number[]): Promise<Objects> =>
    (await score(setOf(images, numbers), rows)).objects!;

  it('count the objects, images and patches', async () => {
    const { n, images: holding, patches, unreached, layout } = await objectsOf();
    expect([n, holding, patches, unreached, layout]).toEqual([8, 5, 4, 0, 'fixed-grid']);
  });

  it('are recalled by the number of labels, as A_k', async () => {
    const { objects, metrics } = await score(setOf(images), rows);
    expect(objects!.byCount).toMatchObject([
      { group: '1', value: 1 / 2, n: 2, images: 2, chance: 1 / 1000 },
      { group: '2', value: 3 / 6, n: 6, images: 3, chance: 2 / 1000 },
    ]);
    for (const { group, value, low, high } of objects!.byCount) {
      expect(metrics.subgroups[`A_${group}`]).toMatchObject({ value, low, high });
    }
  });

  it('are recalled given that the patch is recognised alone', async () => {
    // a is alone in image 0, right, and b in image 1, wrong; c and d are nowhere alone.
    // Objects of a: found, missed; of b: missed, found.
    const { givenAlone } = await objectsOf();
    expect([givenAlone!.images, givenAlone!.patches]).toEqual([2, 2]);
    const [two, all] = givenAlone!.byCount;
    expect(two).toMatchObject({
      group: '2',
      without: { n: 2, patches: 2 },
      recall: { value: 2 / 4, n: 4, images: 3, chance: 2 / 1000 },
      alone: { value: 2 / 4, n: 4, chance: 1 / 1000 },
      givenAlone: { value: 1 / 2, n: 2, images: 2, chance: 2 / 1000 },
      givenNotAlone: { value: 1 / 2, n: 2, images: 2 },
    });
    expect(all).toMatchObject({ group: 'all', givenAlone: { value: 1 / 2, n: 2 } });
  });

  it('of a paired set are matched to the image of their own number', async () => {
    // image 2 is number 0, as image 0; image 4 is number 1, as image 1; image 3 is number 2
    const { givenAlone } = await objectsOf([0, 1, 0, 2, 1]);
    expect(givenAlone!.byCount[0]).toMatchObject({
      without: { n: 4 }, // b in image 2, a and c in image 3, d in image 4
      recall: { value: 2 / 2, n: 2 },
      alone: { value: 1 / 2, n: 2 },
      givenAlone: { value: 1, n: 1 },
      givenNotAlone: { value: 1, n: 1 },
    });
  });

  it('say nothing of patches alone where there are none', async () => {
    const { objects } = await score(setOf(images.slice(2)), rows.slice(2));
    expect(objects!.givenAlone).toBeUndefined();
  });

  it('are recalled by the cell they are in, row by row', async () => {
    const { byPosition } = await objectsOf();
    expect(byPosition).toMatchObject([
      { column: 0, row: 0, value: 2 / 3, n: 3 }, // a, a; not d
      { column: 1, row: 0, value: 1 / 3, n: 3 }, // the last b of three
      { column: 0, row: 1, value: 0, n: 1 },
      { column: 1, row: 1, value: 1, n: 1 },
    ]);
    // two of the objects in the first cell are in images of two labels: (1 + 2 + 2) / 3 of 1,000
    expect(byPosition[0]!.chance).toBeCloseTo(5 / 3 / 1000, 15);
    expect(byPosition[0]).toMatchObject({ columns: 2, rows: 2, images: 3 });
  });

  it('are recalled by the side they are painted in, and by this in images of each k', async () => {
    const { bySide, byCountAndSide } = await objectsOf();
    expect(bySide).toMatchObject([
      { from: 0, to: 24, value: 1, n: 1 },
      { from: 32, to: 48, value: 0, n: 1 },
      { from: 48, to: 64, value: 2 / 5, n: 5 }, // 48 px belongs here
      { from: 64, to: 96, value: 1, n: 1 },
    ]);
    const ofTwo = byCountAndSide.filter(({ group }) => group === '2');
    expect(ofTwo).toMatchObject([
      { from: 0, to: 24, value: 1, n: 1 },
      { from: 32, to: 48, value: 0, n: 1 },
      { from: 48, to: 64, value: 1 / 3, n: 3 },
      { from: 64, to: 96, value: 1, n: 1 },
    ]);
    expect(byCountAndSide[0]).toMatchObject({ group: '1', from: 48, value: 1 / 2, n: 2 });
  });

  it('have no interval where they are in too few images, or in a paired set in too few numbers', async () => {
    // four images; in the paired set, two numbers
    const four = [images[0]!, images[2]!, images[0]!, images[2]!];
    const of = [rows[0]!, rows[2]!, rows[0]!, rows[2]!];
    const options = { resamples: 20, minImages: 3 };
    const [apart, together] = [
      await score(setOf(four), of, options),
      await score(setOf(four, [0, 0, 1, 1]), of, options),
    ];
    expect(apart.objects!.byPosition[0]).toMatchObject({ value: 1, low: 1, high: 1, images: 4 });
    expect(together.objects!.byPosition[0]).toMatchObject({ value: 1, low: null, images: 4 });
  });

  it('that the ranks do not reach are in no number', async () => {
    const set = setOf([images[0]!, images[2]!]);
    const source = madeSource('ranked', [[500], [500]]);
    const { body } = await scorePredictions({ source, positions: inOrder(2), set });
    expect(body.objects).toMatchObject({ n: 3, unreached: 2, byCount: [{ group: '1', n: 1 }] });
  });

  it('are not in the scorecard of any other set', async () => {
    const { objects } = await score(madeSet([[500], [600]]), rows.slice(0, 2));
    expect(objects).toBeUndefined();
  });
});

/** Random images of several objects, and what NumPy makes of them: scripts/objects-reference.py. */
interface Reference {
  paired: boolean;
  images: {
    number: number;
    objects: { class: number; patch: string; side: number; column: number; row: number }[];
    ranking: number[];
  }[];
  expected: Record<string, unknown> & {
    classes: { class: number }[];
    pairs: { classes: [number, number]; n: number }[];
    confusions: { label: number; predicted: number; n: number }[];
  };
  interval?: { from: number; ends: [low: number, high: number] };
}

const references = JSON.parse(
  readFileSync('test/score/objects-reference.json', 'utf8'),
) as Reference[];

function inputOf({ paired: isPaired, images: made }: Reference): ScoreInput {
  const paintedImages = made.map(({ number, objects }) => ({
    number: isPaired ? number : undefined,
    objects: objects.map(({ class: category, patch, side, column, row }) => ({
      ...{ category, patch, side },
      cell: { columns: 3, rows: 3, column, row },
    })),
  }));
  const labels = made.map(({ objects }) => objects.map((each) => each.class));
  const set = madeSet(labels, {
    kind: 'patchml',
    painted: { layout: 'fixed-grid', images: paintedImages },
  });
  const ranked = made.map(({ ranking: each }) => each);
  return { source: madeSource('ranked', ranked), positions: inOrder(made.length), set };
}

/** Compares all that is expected, numbers to 1e-12. */
function expectNear(got: unknown, expected: unknown, place = ''): void {
  if (typeof expected === 'number') {
    expect(Math.abs((got as number) - expected)).toBeLessThan(1e-12);
  } else if (typeof expected !== 'object' || expected === null) {
    expect([place, got]).toEqual([place, expected]);
  } else {
    if (Array.isArray(expected)) expect([place, got]).toHaveProperty('1.length', expected.length);
    for (const [name, value] of Object.entries(expected)) {
      expectNear((got as Record<string, unknown>)[name], value, `${place}.${name}`);
    }
  }
}

describe('objects, classes, pairs and confusions', () => {
  it.each(references)('agree with NumPy where paired is $paired', async (given) => {
    const { body } = await scorePredictions(inputOf(given), { resamples: 2 });
    const { classes, pairs, confusions, ...objects } = given.expected;
    expectNear(body.objects, objects);
    const byClass = (a: { class: number }, b: { class: number }): number => a.class - b.class;
    expectNear([...body.classes!.best].sort(byClass), classes);
    expectNear([...body.classes!.worst].sort(byClass), classes);
    pairs.sort((a, b) => b.n - a.n || a.classes[0] - b.classes[0] || a.classes[1] - b.classes[1]);
    expect(body.pairs!.pairs).toBe(pairs.length);
    expectNear(body.pairs!.commonest, pairs.slice(0, 20));
    confusions.sort((a, b) => b.n - a.n || a.label - b.label || a.predicted - b.predicted);
    expect(body.confusions).toEqual({
      pairs: confusions.length,
      commonest: confusions.slice(0, 50),
    });
  });

  it('have intervals of numbers drawn together, as NumPy draws them', async () => {
    const given = references.find(({ interval }) => interval)!;
    const { from, ends } = given.interval!;
    const intervalOf = async (paired: boolean): Promise<[low: number, high: number]> => {
      const { body } = await scorePredictions(inputOf({ ...given, paired }), { resamples: 3000 });
      const { low, high } = body.objects!.bySide.find((each) => each.from === from)!;
      return [low!, high!];
    };
    const [low, high] = await intervalOf(true);
    expect(Math.abs(low - ends[0])).toBeLessThan(0.02); // NumPy's are of 200,000 other draws
    expect(Math.abs(high - ends[1])).toBeLessThan(0.02);
    // Images of one number drawn one by one would seem to say more than they do.
    const [lowOfImages, highOfImages] = await intervalOf(false);
    expect(highOfImages - lowOfImages).toBeLessThan(0.8 * (high - low));
  });
});

describe('classes, pairs and confusions in a scorecard', () => {
  it('are of any set, sorted, those in more images and of lower classes first', async () => {
    const set = madeSet([[500], [600], [500, 600], [500, 700], [500, 600], []]);
    const { classes, pairs, confusions } = await score(set, [...rows, ranking(500)]);
    // 500: found in images 0 and 2 of 4; 600: in image 4 of 3; 700: in image 3 of 1
    expect(classes!.classes).toBe(3);
    expect(classes!.best).toMatchObject([
      { class: 700, value: 1, n: 1, chance: 2 / 1000 },
      { class: 500, value: 2 / 4, n: 4 },
      { class: 600, value: 1 / 3, n: 3 },
    ]);
    expect(classes!.worst.map(({ class: label }) => label)).toEqual([600, 500, 700]);
    expect(pairs).toMatchObject({ images: 3, pairs: 2 });
    expect(pairs!.commonest).toMatchObject([
      { classes: [500, 600], value: 2 / 4, n: 2, each: [1 / 2, 1 / 2], chance: 2 / 1000 },
      { classes: [500, 700], value: 1 / 2, n: 1, each: [0, 1] },
    ]);
    expect(pairs!.worst.map(({ n }) => n)).toEqual([2, 1]); // both a half: the commoner one first
    // image 1: 600 as 900; image 2: 600 as 900; image 3: 500 as 900; image 4: 500 as 901
    expect(confusions).toEqual({
      pairs: 3,
      commonest: [
        { label: 600, predicted: 900, n: 2, of: 3 },
        { label: 500, predicted: 900, n: 1, of: 4 },
        { label: 500, predicted: 901, n: 1, of: 4 },
      ],
    });
  });

  it('are lists of 20 classes, 20 pairs and 50 confusions at most', async () => {
    const labels = Array.from({ length: 60 }, (_, at) => [500 + at, 600 + at]);
    const { classes, pairs, confusions } = await score(
      madeSet(labels),
      labels.map(() => ranking(900, 901)),
    );
    expect(classes!.classes).toBe(120);
    expect(classes!.worst.map(({ class: label }) => label)).toEqual(
      Array.from({ length: 20 }, (_, at) => 500 + at),
    );
    expect(pairs!.pairs).toBe(60);
    expect([pairs!.commonest.length, pairs!.worst.length]).toEqual([20, 20]);
    // each image misses both labels, and has both wrong classes: four confusions
    expect(confusions!.pairs).toBe(240);
    expect(confusions!.commonest).toHaveLength(50);
  });
});

describe('chance in a scorecard', () => {
  it('is of all classes, and of those of the set', async () => {
    const originals = [500, 600, 600, 700];
    const set = madeSet([[500], [600], [500, 600], []], { originals });
    const { chance, metrics } = await score(set, rows.slice(0, 4));
    expect(chance!.all.classes).toBe(1000);
    expect(chance!.set.classes).toBe(3); // 500, 600, and 700 as an original
    expect(chance!.all.metrics).toMatchObject({
      top1: 1 / 1000,
      top5: 5 / 1000,
      A_1: 1 / 1000,
      A_2: 2 / 1000,
      rankingLoss: 1 / 2,
    });
    const { set: known } = chance!;
    expect(known.metrics['top5']).toBe(1);
    // k = 1, 1, 2 of 3 classes
    expect(known.metrics['real']).toBeCloseTo((1 / 3 + 1 / 3 + 2 / 3) / 3, 14);
    expect(known.metrics['variableTopK']).toBeCloseTo(4 / 9, 14);
    expect(known.metrics['asma']).toBeCloseTo((1 / 3 + 2 / 3) / 2, 14);
    // two of three classes: each pair of the three as likely, and any pair has one of two
    expect(known.metrics['A_2_exact']).toBeCloseTo(1 / 3, 14);
    expect(known.metrics['A_2_any']).toBeCloseTo(1, 14);
    expect(known.metrics['imageWeightedExact']).toBeCloseTo((1 / 3 + 1 / 3 + 1 / 3) / 3, 14);
    // k (classes + 1) / (k + 1)
    expect(known.metrics['coverageError']).toBeCloseTo((2 + 2 + 8 / 3) / 3, 14);
    // two of three labelled images have 500, two have 600: both (H + (3 - H) / 2) / 3, H = 11/6
    const ofClass = (11 / 6 + (3 - 11 / 6) / 2) / 3;
    expect(known.metrics['mapMacroPresent']).toBeCloseTo(ofClass, 14);
    expect(known.metrics['mapMacro']).toBeCloseTo((2 * ofClass) / 3, 14);
    // a level for every metric that has images, and no other
    const names = Object.entries(metrics).flatMap(([name, metric]) => {
      if (name.startsWith('subgroups')) {
        const rule = name.slice('subgroups'.length).toLowerCase();
        return Object.entries(metric as Record<string, { n: number }>)
          .filter(([, { n }]) => n > 0)
          .map(([group]) => (rule === '' ? group : `${group}_${rule}`));
      }
      return name;
    });
    expect(Object.keys(chance!.all.metrics).sort()).toEqual(names.sort());
  });
});
