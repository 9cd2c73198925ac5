import * as Plot from '@observablehq/plot';
import type { PointsChart } from '../../src/report/chart-data.js';
import { ACCENT, type ChartStyle, frame } from './style.js';

type Point = PointsChart['points'][number];

/** More points than this are not all named. */
const MOST_NAMED = 10;
/** A point a model, with the rank correlation of the two metrics in a corner. */
export function drawPoints(data: PointsChart, style: ChartStyle): SVGSVGElement {
  const { points, spearman, kendall } = data;
  const { fontSize } = style;
  const named = points.length <= MOST_NAMED ? points : outstanding(points);
  const middle =
    (Math.min(...points.map(({ x }) => x)) + Math.max(...points.map(({ x }) => x))) / 2;
  const nameMark = (side: 'start' | 'end'): Plot.Markish =>
    Plot.text(
      named.filter(({ x }) => x > middle === (side === 'end')),
      { x: 'x', y: 'y', text: 'model', textAnchor: side, dx: side === 'start' ? 7 : -7 },
    );
  const all = `${data.models} models`;
  const note =
    spearman === null
      ? all
      : `Spearman ${spearman.toFixed(2)}, Kendall ${(kendall ?? NaN).toFixed(2)} over ${all}`;
  return Plot.plot({
    ...frame(style),
    height: Math.round(style.width * 0.65),
    marginTop: 3.2 * fontSize,
    marginBottom: 3.6 * fontSize,
    marginLeft: 4.2 * fontSize,
    inset: 12,
    x: {
      label: `${data.xLabel} (%)`,
      percent: true,
      grid: true,
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: { label: `${data.yLabel} (%)`, percent: true, grid: true, labelArrow: 'none' },
    marks: [
      Plot.dot(points, {
        x: 'x',
        y: 'y',
        r: 4,
        fill: ACCENT,
        fillOpacity: 0.75,
        className: 'value',
        title: ({ model, x, y }: Point) =>
          `${model}: ${(100 * x).toFixed(1)}%, ${(100 * y).toFixed(1)}%`,
      }),
      nameMark('start'),
      nameMark('end'),
      Plot.text([note], {
        frameAnchor: 'top-left',
        dx: 0,
        dy: -1.4 * fontSize,
      }),
    ],
  }) as SVGSVGElement;
}

/** The lowest, the highest, and the one that the two metrics rank most differently. */
function outstanding(points: readonly Point[]): Point[] {
  const sorted = (key: 'x' | 'y'): Point[] => [...points].sort((a, b) => a[key] - b[key]);
  const [byX, byY] = [sorted('x'), sorted('y')];
  const apart = (point: Point): number => Math.abs(byX.indexOf(point) - byY.indexOf(point));
  const [other] = [...points].sort((a, b) => apart(b) - apart(a));
  return [...new Set([byX[0]!, byX.at(-1)!, other!])];
}
