import { metricOf, RULES, subgroupName } from '../score/scorecard.js';
import type { FigureView, LinesChart } from './chart-data.js';
import type { FigureInput, ReportSet, Views } from './report-sets.js';

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
      return metric && metric.n > 0 ? [{ model: model.name, x: at + 1, ...metric }] : [];
    }),
  );
  const last = Math.max(0, ...points.map(({ x }) => x));
  return {
    kind: 'lines',
    xLabel: 'labels of an image, k',
    valueLabel: `A_k${rule === 'fraction' ? '' : ` (${rule})`}`,
    points,
    chance: [],
    ticks: groups.slice(0, last).map((text, at) => ({ x: at + 1, text })),
  };
}
