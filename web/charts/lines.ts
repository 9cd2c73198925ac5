import * as Plot from '@observablehq/plot';
import type { LinesChart } from '../../src/report/chart-data.js';
import {
  type ChartStyle,
  frame,
  GREY,
  hollow,
  legendOf,
  MOST_SERIES,
  paintsOf,
  percent,
  SOFT,
} from './style.js';

type Point = LinesChart['points'][number] & { value: number };

/** How far apart the intervals of two models stand, as a share of the x axis. */
const APART = 0.007;

/** A line a model; of more models than colours, the highest, the middle and the lowest stand out. */
export function drawLines(data: LinesChart, style: ChartStyle): SVGSVGElement {
  const points = data.points.filter((point): point is Point => point.value !== null);
  const names = [...new Set(points.map(({ series }) => series))];
  const isCrowd = names.length > MOST_SERIES;
  const paints = paintsOf(isCrowd ? outstanding(points, names) : names);
  const colourOf = ({ series }: Point): string => paints.get(series)?.colour ?? GREY;
  const xs = [...points, ...data.chance].map(({ x }) => x);
  const step = (Math.max(...xs) - Math.min(...xs)) * APART;
  // Lines that stand out have intervals, so they stand beside each other.
  const beside = [...paints.keys()];
  const placeOf = ({ x, series }: Point): number =>
    paints.has(series) ? x + (beside.indexOf(series) - (beside.length - 1) / 2) * step : x;
  const shown = [...points].sort(
    (a, b) => Number(paints.has(a.series)) - Number(paints.has(b.series)),
  );
  // Of what no line reaches, such as a k of another set, there is no tick.
  const ticks = data.ticks?.filter(({ x }) => x >= Math.min(...xs) && x <= Math.max(...xs));
  const more = names.length - paints.size;
  const others = more > 0 ? `${more} others in grey` : '';
  const marginLeft = 4 * style.fontSize;
  const legend = legendOf(paints.values(), style, { marginLeft, others });
  return Plot.plot({
    ...frame(style),
    height: Math.round(Math.max(0.55 * style.width, 22 * style.fontSize) + legend.height),
    marginTop: legend.height + 2 * style.fontSize,
    marginBottom: 3.6 * style.fontSize,
    marginLeft,
    x: {
      label: data.xLabel,
      labelAnchor: 'center',
      labelArrow: 'none',
      inset: 14,
      ...(ticks && {
        ticks: ticks.map(({ x }) => x),
        tickFormat: (x: number) => ticks.find((tick) => tick.x === x)?.text ?? String(x),
      }),
    },
    y: {
      label: `${data.valueLabel} (%)`,
      percent: true,
      zero: true,
      grid: true,
      labelArrow: 'none',
    },
    marks: [
      Plot.ruleY([0]),
      Plot.lineY(data.chance, { x: 'x', y: 'value', stroke: GREY, strokeDasharray: '4,3' }),
      Plot.text(data.chance.slice(-1), {
        x: 'x',
        y: 'value',
        text: () => 'chance',
        textAnchor: 'end',
        lineAnchor: 'bottom',
        dy: -4,
        fillOpacity: SOFT,
      }),
      Plot.lineY(shown, {
        x: placeOf,
        y: 'value',
        z: 'series',
        stroke: colourOf,
        strokeWidth: ({ series }: Point) => (isCrowd && !paints.has(series) ? 0.6 : 1.6),
        strokeOpacity: ({ series }: Point) => (isCrowd && !paints.has(series) ? 0.6 : 1),
        title: 'series',
      }),
      Plot.ruleX(
        points.filter(({ series, low }) => paints.has(series) && low !== null),
        { x: placeOf, y1: 'low', y2: 'high', stroke: colourOf },
      ),
      Plot.dot(
        shown.filter(({ series }) => paints.has(series)),
        {
          x: placeOf,
          y: 'value',
          fill: colourOf,
          fillOpacity: hollow,
          stroke: colourOf,
          symbol: ({ series }: Point) => paints.get(series)!.symbol,
          r: 3.5,
          className: 'value',
          title: ({ series, value, n }: Point) => `${series}: ${percent(value)}, ${n} images`,
        },
      ),
      ...legend.marks,
    ],
  }) as SVGSVGElement;
}

/** The models whose mean is the highest, in the middle and the lowest. */
function outstanding(points: readonly Point[], names: readonly string[]): string[] {
  const meanOf = (name: string): number => {
    const values = points.filter(({ series }) => series === name).map(({ value }) => value);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const sorted = [...names].sort((a, b) => meanOf(b) - meanOf(a));
  return [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
}
