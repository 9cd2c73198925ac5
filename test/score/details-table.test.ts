import { describe, expect, it } from '@jest/globals';
import type { ObjectMetric } from '../../src/score/details.js';
import { detailsTables, type TitledTable } from '../../src/score/details-table.js';
import type { NewScorecard } from '../../src/score/scorecard.js';

const recall = (value: number | null, low: number | null = null, n = 1500): ObjectMetric => ({
  value,
  low,
  high: low === null ? null : value! + 0.1,
  n,
  images: 300,
  chance: 0.005,
});

function tablesOf(details: Partial<NewScorecard>): Record<string, TitledTable['table']> {
  const tables = detailsTables(details).map(({ title, table }) => [title, table] as const);
  return Object.fromEntries(tables);
}

describe('detailsTables', () => {
  it('are none where a scorecard has no details, as those of earlier versions', () => {
    expect(detailsTables({})).toEqual([]);
  });

  it('have the recall of objects, with marks where there is no interval', () => {
    const objects: NonNullable<NewScorecard['objects']> = {
      ...{ n: 1500, images: 300, patches: 200, unreached: 0, layout: 'fixed-grid' },
      byCount: [{ group: '5', ...recall(0.25, 0.2) }],
      givenAlone: {
        images: 300,
        patches: 200,
        byCount: [
          {
            group: '5',
            without: { n: 1200, patches: 190 },
            recall: recall(0.25, 0.2, 300),
            alone: recall(0.5, 0.45, 300),
            givenAlone: recall(0.5, null, 15),
            givenNotAlone: recall(null, null, 0),
          },
        ],
      },
      byPosition: [{ columns: 3, rows: 2, column: 0, row: 1, ...recall(0.25, 0.2) }],
      bySide: [{ from: 512, to: null, ...recall(0.25, 0.2) }],
      byCountAndSide: [{ group: '>5', from: 48, to: 64, ...recall(0.25) }],
    };
    const rows = Object.values(tablesOf({ objects })).map((table) => table.rows);
    expect(rows).toEqual([
      [['5', '25.0% [20.0, 35.0]', '1,500', '300', '0.5%']],
      [
        [
          ...['5', '25.0% [20.0, 35.0]', '50.0% [45.0, 60.0]', '50.0% *', '-'],
          ...['300', '15', '1,200'],
        ],
      ],
      [['row 2, column 1 of 3 x 2', '25.0% [20.0, 35.0]', '1,500', '300', '0.5%']],
      [['512 px and more', '25.0% [20.0, 35.0]', '1,500', '300', '0.5%']],
      [['k = >5, 48 to 64 px', '25.0% *', '1,500', '300', '0.5%']],
    ]);
  });

  it('name classes, and list no pair of a single image', () => {
    const crane = { class: 134, value: 1, low: null, high: null, n: 3, chance: 0.001 };
    const pair = { value: 0.5, low: null, high: null, each: [1, 0] as [number, number] };
    const tables = tablesOf({
      classes: { classes: 1, best: [crane], worst: [crane] },
      pairs: {
        images: 3,
        pairs: 2,
        commonest: [
          { classes: [134, 517], ...pair, n: 2, chance: 0.002 },
          { classes: [0, 1], ...pair, n: 1, chance: 0.002 },
        ],
        worst: [],
      },
      confusions: {
        pairs: 1,
        commonest: [{ label: 0, predicted: 1, n: 2, of: 30 }],
      },
    });
    expect(Object.values(tables).map(({ rows }) => rows)).toEqual([
      [['crane (134) [134]', '100.0% *', '3', '0.1%']],
      [['crane (134) [134]', '100.0% *', '3', '0.1%']],
      [['crane (134) [134], crane (517) [517]', '50.0% *', '2', '100.0%', '0.0%']],
      [['tench [0]', 'goldfish [1]', '2', '30']],
    ]);
  });
});
