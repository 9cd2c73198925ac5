import { metricOf, RULES, subgroupName } from '../score/scorecard.js';
import type { BarsChart, FigureView, LinesChart } from './chart-data.js';
import type { FigureInput, ReportSet, Views } from './report-sets.js';

/** More labels than this are one bar. */
const MOST_LABELS = 8;

/** The share of the images of each set that have k labels. */
export function labelCountViews({ sets }: FigureInput): Views {
  const all = sets.map(({ set }) => foldCounts(set.labelCounts));
  const longest = Math.max(...all.map((counts) => counts.length));
  const groups = Array.from({ length: longest }, (_, k) => k).filter((k) =>
    all.some((counts) => (counts[k] ?? 0) > 0),
  );
  const bars = sets.flatMap(({ name, set }, at) =>
    groups.map((k) => {
      const n = all[at]![k] ?? 0;
      const group = k > MOST_LABELS ? `>${MOST_LABELS}` : String(k);
      return { series: name, group, value: n / set.images, n };
    }),
  );
  const data: BarsChart = {
    kind: 'bars',
    groupLabel: 'labels of an image',
    valueLabel: 'images',
    bars,
  };
  return [{ choice: {}, data }];
}

/** What a random ranking reaches in each group; it is the same for all models. */
function chanceOf(
  runs: ReportSet['runs'],
  groups: readonly string[],
  rule: (typeof RULES)[number],
): LinesChart['chance'] {
  const levels = runs[0]?.scorecard.chance?.all.metrics;
  return groups.flatMap((group, at) => {
    const value = levels?.[subgroupName(group, rule)];
    return value === undefined ? [] : [{ x: at + 1, value }];
  });
}

/** Images with k labels at position k, those with more than are shown at the last. */
function foldCounts(counts: readonly number[]): number[] {
  const more = counts.slice(MOST_LABELS + 1).reduce((sum, images) => sum + images, 0);
  return [...counts.slice(0, MOST_LABELS + 1), ...(more > 0 ? [more] : [])];
}

/** A_k against k, a view for each set and hit rule. */
export function subgroupViews({ sets }: FigureInput): Views {
  const views = sets.flatMap((set) =>
    RULES.flatMap((rule): FigureView[] => {
      const data = linesOf(set, rule);
      return data.points.length === 0
        ? []
        : [{ choice: { set: set.name, 'hit rule': rule }, data }];
    }),
  );
  return views.length > 0 ? views : 'No image of these sets has labels.';
}

function linesOf({ runs }: ReportSet, rule: (typeof RULES)[number]): LinesChart {
  const most = Math.max(...runs.map(({ scorecard }) => scorecard.options.maxGroup));
  const groups = [...Array.from({ length: most }, (_, at) => String(at + 1)), `>${most}`];
  const points = runs.flatMap(({ scorecard: { model, metrics } }) =>
    groups.flatMap((group, at) => {
      const metric = metricOf(metrics, subgroupName(group, rule));
      return metric && metric.n > 0 ? [{ series: model.name, x: at + 1, ...metric }] : [];
    }),
  );
  const last = Math.max(0, ...points.map(({ x }) => x));
  return {
    kind: 'lines',
    areModels: true,
    xLabel: 'labels of an image, k',
    valueLabel: `A_k${rule === 'fraction' ? '' : ` (${rule})`}`,
    points,
    chance: chanceOf(runs, groups, rule).slice(0, last),
    ticks: groups.slice(0, last).map((text, at) => ({ x: at + 1, text })),
  };
}
