import { classNameOf } from '../imagenet/synsets.js';
import type { ObjectMetric } from '../score/details.js';
import type { Scorecard } from '../score/scorecard.js';
import type {
  ChartData,
  DumbbellsChart,
  FigureView,
  LinesChart,
  Measured,
  RankingChart,
} from './chart-data.js';
import type { FigureInput, ReportSet, Views } from './report-sets.js';

// Figures of what scorecards say beside their metrics: of single objects, of classes, of pairs of
// classes and of confusions. Most are of one model: a view for each.

const [NO_OBJECTS, EARLIER] = [
  'It is about the objects of a PatchML dataset, and none of these sets is one.',
  'These scorecards were made before patchml counted it: score again.',
];

/** Classes, pairs and confusions that are shown of a model. */
const MOST_ROWS = 20;
/** The best and the worst classes. */
const MOST_CLASSES = 12;

/** A view for each set and model whose scorecard gives a chart. */
function viewsOfModels(
  sets: readonly ReportSet[],
  chartOf: (scorecard: Scorecard) => ChartData | undefined,
  absent: string,
): Views {
  const views = sets.flatMap(({ name, runs }) =>
    runs.flatMap(({ scorecard }): FigureView[] => {
      const data = chartOf(scorecard);
      const { name: model } = scorecard.model;
      return data ? [{ choice: { set: name, model }, data, model }] : [];
    }),
  );
  return views.length > 0 ? views : absent;
}

function measured({ value, low, high, n }: Measured): Measured {
  return { value, low, high, n };
}

/** Recall of objects by the side they are painted in: all models, and each by the number of labels. */
export function paintedSizeViews({ sets }: FigureInput): Views {
  const views = sets.flatMap(({ name, runs }): FigureView[] => {
    const withObjects = runs.filter(({ scorecard }) => scorecard.objects);
    if (withObjects.length === 0) return [];
    const ofModels = withObjects.flatMap(({ scorecard: { model, objects } }) =>
      objects!.bySide.map((each) => ({ series: model.name, ...each })),
    );
    const single = withObjects.map(({ scorecard: { model, objects } }) => {
      const byCount = objects!.byCountAndSide.map((each) => {
        return { ...each, series: `k = ${each.group}` };
      });
      return {
        choice: { set: name, lines: `${model.name}, by k` },
        data: sideLines(byCount, false),
        model: model.name,
      };
    });
    return [{ choice: { set: name, lines: 'models' }, data: sideLines(ofModels, true) }, ...single];
  });
  return views.length > 0 ? views : NO_OBJECTS;
}

function sideLines(
  all: readonly ({ series: string; from: number; to: number | null } & ObjectMetric)[],
  areModels: boolean,
): LinesChart {
  const bins = [...new Set(all.map(({ from }) => from))].sort((a, b) => a - b);
  const textOf = (from: number): string => {
    const to = all.find((each) => each.from === from)!.to;
    return to === null ? `${from}+` : `${from}-${to}`;
  };
  const chance = bins.flatMap((from, x) => {
    const value = all.find((each) => each.from === from && each.chance !== null)?.chance;
    return value === undefined || value === null ? [] : [{ x, value }];
  });
  return {
    kind: 'lines',
    areModels,
    xLabel: 'side an object is painted in, px',
    valueLabel: 'recall of objects',
    points: all.map((each) => ({
      series: each.series,
      x: bins.indexOf(each.from),
      ...measured(each),
    })),
    chance,
    ticks: bins.map((from, x) => ({ x, text: textOf(from) })),
  };
}

/** Recall of objects by the cell they lie in, a view for each size of the grid. */
export function positionViews({ sets }: FigureInput): Views {
  const views = sets.flatMap(({ name, runs }) =>
    runs.flatMap(({ scorecard: { model, objects } }): FigureView[] => {
      const cells = objects?.byPosition ?? [];
      const gridOf = (cell: (typeof cells)[number]): string =>
        `${cell.columns} x ${cell.rows} cells`;
      return [...new Set(cells.map(gridOf))].map((grid) => ({
        choice: { set: name, grid, model: model.name },
        model: model.name,
        data: {
          kind: 'cells',
          valueLabel: 'recall of objects',
          xLabel: 'column',
          yLabel: 'row',
          cells: cells
            .filter((cell) => gridOf(cell) === grid)
            .map((cell) => ({
              x: String(cell.column + 1),
              y: String(cell.row + 1),
              ...measured(cell),
            })),
        },
      }));
    }),
  );
  return views.length > 0 ? views : NO_OBJECTS;
}

/** Recall in images of several objects, given whether the same patch is recognised alone. */
export function givenAloneViews({ sets }: FigureInput): Views {
  const views = sets.flatMap(({ name, runs }): FigureView[] => {
    const rows = runs.flatMap(({ scorecard: { model, objects } }) => {
      const all = objects?.givenAlone?.byCount.find(({ group }) => group === 'all');
      const [first, second] = [all?.recall.value ?? null, all?.givenAlone.value ?? null];
      if (!all || first === null || second === null) return [];
      const value = first - second;
      return [{ name: model.name, first, second, value, low: null, high: null, n: all.recall.n }];
    });
    if (rows.length === 0) return [];
    const data: DumbbellsChart = {
      kind: 'dumbbells',
      valueLabel: 'recall in images of several objects',
      rowLabel: 'model',
      first: 'all objects',
      second: 'those recognised alone',
      rows,
    };
    const single = runs.flatMap(({ scorecard: { model, objects } }) => {
      const lines = objects?.givenAlone && aloneLines(objects.givenAlone.byCount);
      return lines
        ? [{ choice: { set: name, models: model.name }, data: lines, model: model.name }]
        : [];
    });
    return [{ choice: { set: name, models: 'all models' }, data }, ...single];
  });
  return views.length > 0
    ? views
    : 'It needs a PatchML dataset in which patches of larger images also stand alone: counts from k = 1, and paired: true.';
}

const GIVEN = {
  alone: 'recognised alone',
  givenAlone: 'recall of those',
  recall: 'recall of all',
  givenNotAlone: 'recall of the others',
} as const;

type GivenAlone = NonNullable<NonNullable<Scorecard['objects']>['givenAlone']>['byCount'];

function aloneLines(byCount: GivenAlone): LinesChart {
  const groups = byCount.filter(({ group }) => group !== 'all');
  return {
    kind: 'lines',
    areModels: false,
    xLabel: 'labels of an image, k',
    valueLabel: 'share of objects',
    points: (Object.keys(GIVEN) as (keyof typeof GIVEN)[]).flatMap((part) =>
      groups.map((each, x) => ({ series: GIVEN[part], x, ...measured(each[part]) })),
    ),
    chance: groups.flatMap(({ recall }, x) =>
      recall.chance === null ? [] : [{ x, value: recall.chance }],
    ),
    ticks: groups.map(({ group }, x) => ({ x, text: group })),
  };
}

/** The classes that a model recalls most and least. */
export function classViews({ sets }: FigureInput): Views {
  const chartOf = ({ classes }: Scorecard): RankingChart | undefined => {
    if (!classes || classes.best.length === 0) return undefined;
    // Of few classes the two lists overlap.
    const most = Math.min(MOST_CLASSES, Math.ceil(classes.classes / 2));
    const rowsOf = (group: 'best' | 'worst') =>
      classes[group]
        .slice(0, Math.min(most, classes.classes - (group === 'worst' ? most : 0)))
        .map((each) => ({
          group,
          name: classNameOf(each.class),
          ...measured(each),
        }));
    return {
      kind: 'ranking',
      valueLabel: 'recall of a class',
      rowLabel: 'class',
      isCount: false,
      rows: [...rowsOf('best'), ...rowsOf('worst').reverse()],
    };
  };
  return viewsOfModels(sets, chartOf, EARLIER);
}

/** The commonest pairs of classes, and those that a model recalls least. */
export function pairViews({ sets }: FigureInput): Views {
  const views = (['commonest', 'worst'] as const).flatMap((group) =>
    sets.flatMap(({ name, runs }) =>
      runs.flatMap(({ scorecard: { model, pairs } }): FigureView[] => {
        if (!pairs || pairs[group].length === 0) return [];
        const rows = pairs[group].slice(0, MOST_ROWS).map((each) => ({
          group,
          name: each.classes.map((label) => classNameOf(label)).join(' + '),
          ...measured(each),
        }));
        const data: RankingChart = {
          kind: 'ranking',
          valueLabel: 'recall of the two classes',
          rowLabel: 'pair',
          isCount: false,
          rows,
        };
        return [
          { choice: { set: name, pairs: group, model: model.name }, data, model: model.name },
        ];
      }),
    ),
  );
  return views.length > 0
    ? views
    : 'None of these sets has images of two labels, or the scorecards were made before patchml counted them.';
}

/** What a model most often predicts instead of a label. */
export function confusionViews({ sets }: FigureInput): Views {
  const chartOf = ({ confusions }: Scorecard): RankingChart | undefined =>
    confusions && confusions.commonest.length > 0
      ? {
          kind: 'ranking',
          valueLabel: 'images',
          rowLabel: 'label \u2192 predicted instead',
          isCount: true,
          rows: confusions.commonest.slice(0, MOST_ROWS).map(({ label, predicted, n, of }) => ({
            group: 'confusions',
            name: `${classNameOf(label)} \u2192 ${classNameOf(predicted)}`,
            value: n,
            low: null,
            high: null,
            n: of,
          })),
        }
      : undefined;
  return viewsOfModels(sets, chartOf, EARLIER);
}
