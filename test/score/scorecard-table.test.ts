import { describe, expect, it } from '@jest/globals';
import {
  modelsTable,
  scorecardNotes,
  scorecardsCsvTable,
  scorecardTable,
} from '../../src/score/scorecard-table.js';
import { groupsText } from '../../src/score/metric-text.js';
import type { Metric, NewScorecard } from '../../src/score/scorecard.js';
import { toMarkdownTable, toTerminalTable, widthOf } from '../../src/text.js';

const metric = (value: number, low: number | null = null, high: number | null = null): Metric => ({
  value,
  low,
  high,
  n: 1234,
});

function card(name: string, asma: number | undefined, fields: Partial<NewScorecard> = {}) {
  return {
    format: 'patchml-scorecard',
    version: 2,
    patchml: '0.0.0',
    model: { name },
    predictions: {},
    set: {
      name: 'paper 1.0.0',
      kind: 'patchml',
      rule: 'patchml',
      digest: 'd',
      images: 1240,
      labelled: 1234,
      unlabelled: 6,
      labelCounts: [6, 0, 1234],
      leftOut: {},
    },
    scores: 'logits',
    options: {
      seed: '42',
      resamples: 1000,
      level: 0.95,
      maxGroup: 3,
      minImages: 20,
      variableTopKRule: 'fraction',
      interval: 'bootstrap-percentile',
      mapInterval: 'none',
    },
    metrics: {
      real: metric(0.7134, 0.69, 0.7351),
      subgroups: {
        A_1: { value: null, low: null, high: null, n: 0 },
        A_2: metric(0.5, 0.4, 0.6),
        A_3: { value: 4 / 7, low: null, high: null, n: 7 },
      },
      subgroupsAny: { A_2: metric(0.9) },
      subgroupsExact: { A_2: metric(0.1) },
      ...(asma === undefined
        ? {}
        : {
            asma: {
              ...metric(asma, asma - 0.1, asma + 0.1),
              subgroups: ['A_2', 'A_3'],
              smallest: 7,
            },
          }),
      coverageError: metric(12.34, 11.9, 12.86),
      mapMacro: metric(0.25),
      imageWeighted: metric(0.5), // not in tables: as variable top-k
    },
    unavailable: { top1: 'the set has no original labels', top5: 'the set has no original labels' },
    ...fields,
  } satisfies NewScorecard;
}

describe('scorecardTable', () => {
  it('has a metric a row with its interval and images, without empty ones', () => {
    expect(scorecardTable(card('a', 0.5))).toEqual({
      head: ['metric', 'value', 'images', 'any', 'exact'],
      rows: [
        ['first class is a label', '71.3% [69.0, 73.5]', '1,234', '', ''],
        ['A_2', '50.0% [40.0, 60.0]', '1,234', '90.0%', '10.0%'],
        ['A_3', '57.1% *', '7', '-', '-'], // fewer than 20 images
        ['ASMA', '50.0% [40.0, 60.0]', '1,234', '-', '-'],
        ['macro mAP', '25.0%', '1,234', '', ''],
        ['coverage error', '12.3 [11.9, 12.9]', '1,234', '', ''],
      ],
    });
  });

  it('has the chance level of each metric where it is asked for and known', () => {
    const level = { classes: 1000, metrics: { real: 0.002, A_2: 0.002, coverageError: 667.33 } };
    const known = card('a', 0.5, { chance: { all: level, set: { classes: 9, metrics: {} } } });
    const { head, rows } = scorecardTable(known, { withChance: true });
    expect(head.at(-1)).toBe('chance');
    expect(rows.map(([name, ...cells]) => [name, cells.at(-1)])).toEqual([
      ['first class is a label', '0.2%'],
      ['A_2', '0.2%'],
      ['A_3', '-'],
      ['ASMA', '-'],
      ['macro mAP', '-'],
      ['coverage error', '667.3'],
    ]);
    // a scorecard of an earlier patchml
    expect(scorecardTable(card('a', 0.5), { withChance: true }).head.at(-1)).toBe('exact');
  });

  it('calls the accuracy of the first class ReaL where the labels are', () => {
    const { set } = card('a', 0.5);
    const real = scorecardTable(card('a', 0.5, { set: { ...set, rule: 'real' } }));
    expect(real.rows[0]![0]).toBe('ReaL');
  });

  it('names the subgroups of ASMA where images are not in it, with their mean beside it', () => {
    const { set } = card('a', 0.5);
    const part = card('a', 0.5, { set: { ...set, labelled: 1300 } });
    const names = scorecardTable(part).rows.map(([name]) => name);
    expect(names).toContain('ASMA (k = 2 to 3)');
    expect(names).toContain('mean over images (k = 2 to 3)');
  });
});

describe('groupsText', () => {
  it.each([
    [['A_1', 'A_2', 'A_3'], 'k <= 3'],
    [['A_2', 'A_3'], 'k = 2 to 3'],
    [['A_4', 'A_5', 'A_>5'], 'k >= 4'],
    [['A_1', 'A_3'], 'k = 1, 3'],
    [['A_1', 'A_>5'], 'k = 1, >5'],
    [['A_2'], 'k = 2'],
  ])('%p is %p', (subgroups, text) => {
    expect(groupsText(subgroups)).toBe(text);
  });
});

describe('modelsTable', () => {
  const cards = [card('c', undefined), card('b', 0.5), card('a', 0.5), card('d', 0.6)];

  it('has the highest ASMA first, then names in byte order, and no empty columns', () => {
    const [first, second] = ['71.3%\n[69.0, 73.5]', '50.0%\n[40.0, 60.0]'];
    expect(modelsTable(cards)).toEqual({
      head: ['model', 'first class is a label', 'A_2', 'A_3', 'ASMA'],
      rows: [
        ['images', '1,234', '1,234', '7', '1,234'],
        ['d', first, second, '57.1% *', '60.0%\n[50.0, 70.0]'],
        ['a', first, second, '57.1% *', '50.0%\n[40.0, 60.0]'],
        ['b', first, second, '57.1% *', '50.0%\n[40.0, 60.0]'],
        ['c', first, second, '57.1% *', '-'],
      ],
    });
  });
});

describe('scorecardNotes', () => {
  it('say what the numbers are of, and what is missing and why', () => {
    expect(scorecardNotes([card('a', 0.5), card('b', 0.5)])).toEqual([
      'paper 1.0.0, labels: patchml, 1,240 images, 6 without labels; intervals: 95% bootstrap, ' +
        '1,000 resamples, seed 42; variable top-k, A_k and ASMA: fraction of the labels found; ' +
        'scores: logits.',
      'ASMA: the mean of A_2, A_3; its smallest subgroup has 7 images, too few for its interval.',
      '* fewer than 20 images: no interval.',
    ]); // PatchML has no original labels: nothing is said of top-1
  });

  it('warn of classes that a model lacks', () => {
    const missing = { classes: 1590, of: 1670, images: 1200 };
    expect(scorecardNotes([card('a', 0.5, { model: { name: 'a', missing } })])).toContain(
      'Warning: a lacks 1,590 of the 1,670 classes of the set; ' +
        '1,200 images have a label that it can never predict.',
    );
  });

  it('say what is not there, and why, of a set that could have it', () => {
    const { set } = card('a', 0.5);
    expect(scorecardNotes([card('a', 0.5, { set: { ...set, kind: 'imagenet' } })])).toContain(
      'Not available: top-1, top-5 (the set has no original labels).',
    );
  });
});

describe('scorecardNotes, of a set without some images', () => {
  it('say how many are left out, and why', () => {
    const { set } = card('a', 0.5);
    const leftOut = { 'beyond-limit': 48_760, problematic: 2, 'not-listed': 0 };
    expect(scorecardNotes([card('a', 0.5, { set: { ...set, leftOut } })])).toContain(
      'Images left out: 48,760 beyond-limit, 2 problematic.',
    );
  });
});

describe('scorecardsCsvTable', () => {
  it('has four columns a metric, the same whatever is missing', () => {
    const { head, rows } = scorecardsCsvTable([card('a', 0.5), card('b', undefined)]);
    const first = ['model', 'set', 'scores', 'top1', 'top1_low', 'top1_high', 'top1_n'];
    expect(head.slice(0, 7)).toEqual(first);
    expect(head).toContain('A_>3_n');
    for (const row of rows) expect(row).toHaveLength(head.length);
    const at = head.indexOf('asma');
    expect(rows.map((row) => row.slice(at, at + 4))).toEqual([
      ['0.5', '0.4', '0.6', '1234'],
      ['', '', '', ''],
    ]);
  });

  it('has the chance levels after all metrics, empty where they are not known', () => {
    const level = { classes: 1000, metrics: { asma: 0.0025 } };
    const known = card('a', 0.5, { chance: { all: level, set: { classes: 9, metrics: {} } } });
    const { head, rows } = scorecardsCsvTable([known, card('b', undefined)]);
    const at = head.indexOf('asma_chance');
    expect(head.indexOf('rankingLoss_n')).toBe(head.indexOf('top1_chance') - 1);
    expect(rows.map((row) => row[at])).toEqual(['0.0025', '']);
  });
});

describe('rendering', () => {
  const table = { head: ['model', 'x'], rows: [['a|b_c *d* _e_ <f> [g](h)', '[1,\n2]']] };

  it('escapes what Markdown would read, and keeps a row in a line', () => {
    expect(toMarkdownTable(table).split('\n')).toEqual([
      '| model | x |',
      '| --- | ---: |',
      String.raw`| a\|b_c \*d\* \_e\_ \<f> [g\](h) | [1, 2] |`,
      '',
    ]);
  });

  it('aligns numbers to the right on a terminal', () => {
    const text = toTerminalTable({ head: ['m', 'value'], rows: [['a', '1']] });
    expect(text).toContain('│ a │     1 │');
    expect(widthOf(text)).toBe(13);
  });
});
