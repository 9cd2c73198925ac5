import * as Plot from '@observablehq/plot';
import type { PointsChart } from '../../src/report/chart-data.js';
import { ACCENT, type ChartStyle, frame, percent, textWidth } from './style.js';

type Point = PointsChart['points'][number];

/** More points than this are not all named. */
const MOST_NAMED = 12;
/** px of a point's radius, and around all points. */
const [RADIUS, INSET] = [4, 12];

/** A point a model, with the rank correlation of the two metrics in a corner. */
export function drawPoints(data: PointsChart, style: ChartStyle): SVGSVGElement {
  const { points, spearman, kendall } = data;
  const { fontSize, width } = style;
  const height = Math.round(Math.max(0.65 * width, 25 * fontSize));
  const margins = {
    marginTop: 3.2 * fontSize,
    marginBottom: 3.6 * fontSize,
    marginLeft: 4.2 * fontSize,
    marginRight: 20,
  };
  const named = points.length <= MOST_NAMED ? points : outstanding(points);
  const names = placeNames(points, named, { width, height, ...margins }, style);
  const all = `${data.models} models`;
  const note =
    spearman === null
      ? all
      : `Spearman ${spearman.toFixed(2)}, Kendall ${(kendall ?? NaN).toFixed(2)} over ${all}`;
  return Plot.plot({
    ...frame(style),
    height,
    ...margins,
    inset: INSET,
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
        r: RADIUS,
        fill: ACCENT,
        fillOpacity: 0.75,
        className: 'value',
        title: ({ model, x, y }: Point) => `${model}: ${percent(x)}, ${percent(y)}`,
      }),
      ...names.map(({ point, anchor, dx, dy }) =>
        Plot.text([point], { x: 'x', y: 'y', text: 'model', textAnchor: anchor, dx, dy }),
      ),
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

/** Where a point's name stands, seen from the point. */
interface NamePlace {
  point: Point;
  anchor: 'start' | 'middle' | 'end';
  dx: number;
  dy: number;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/**
 * Puts names to the right or left of their points, above or below, wherever they cover neither a
 * point nor another name; a name that finds no such place is left out, and shown on hovering.
 */
function placeNames(
  points: readonly Point[],
  named: readonly Point[],
  room: Record<`margin${'Top' | 'Bottom' | 'Left' | 'Right'}` | 'width' | 'height', number>,
  style: ChartStyle,
): NamePlace[] {
  const scale = (key: 'x' | 'y', from: number, to: number): ((point: Point) => number) => {
    const values = points.map((point) => point[key]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return (point) =>
      most === least
        ? (from + to) / 2
        : from + ((point[key] - least) / (most - least)) * (to - from);
  };
  const [left, right] = [room.marginLeft, room.width - room.marginRight];
  const [top, bottom] = [room.marginTop, room.height - room.marginBottom];
  const xOf = scale('x', left + INSET, right - INSET);
  const yOf = scale('y', bottom - INSET, top + INSET);
  const taken: Box[] = points.map((point) => ({
    left: xOf(point) - RADIUS,
    right: xOf(point) + RADIUS,
    top: yOf(point) - RADIUS,
    bottom: yOf(point) + RADIUS,
  }));
  const { fontSize } = style;
  const half = 0.6 * fontSize;
  const aside = RADIUS + 3;
  const above = RADIUS + half;
  const ways: Omit<NamePlace, 'point'>[] = [
    { anchor: 'start', dx: aside, dy: 0 },
    { anchor: 'end', dx: -aside, dy: 0 },
    { anchor: 'middle', dx: 0, dy: -above },
    { anchor: 'middle', dx: 0, dy: above },
    { anchor: 'start', dx: aside, dy: -above },
    { anchor: 'end', dx: -aside, dy: -above },
    { anchor: 'start', dx: aside, dy: above },
    { anchor: 'end', dx: -aside, dy: above },
  ];
  const placed: NamePlace[] = [];
  for (const point of named) {
    const width = textWidth(point.model, style);
    for (const way of ways) {
      const share = { start: 0, middle: 0.5, end: 1 }[way.anchor];
      const from = xOf(point) + way.dx - share * width;
      const middle = yOf(point) + way.dy;
      const box = { left: from, right: from + width, top: middle - half, bottom: middle + half };
      const isIn =
        box.left >= left && box.right <= room.width && box.top >= top && box.bottom <= bottom;
      if (!isIn || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      placed.push({ point, ...way });
      break;
    }
  }
  return placed;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
