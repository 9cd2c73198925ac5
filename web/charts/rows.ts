import * as Plot from '@observablehq/plot';
import type { DumbbellsChart, ForestChart, RankingChart } from '../../src/report/chart-data.js';
import {
  ACCENT,
  type ChartStyle,
  frame,
  GREY,
  hollow,
  type Legend,
  legendOf,
  paintsOf,
  percent,
  SOFT,
  shorten,
  textWidth,
} from './style.js';

// Charts of a row for each name: dumbbells, forest plots and rankings.

/** Two values a row, with a line between them. */
export function drawDumbbells(data: DumbbellsChart, style: ChartStyle): SVGSVGElement {
  const paints = paintsOf([data.first, data.second]);
  const [first, second] = [...paints.values()];
  const end = (key: 'first' | 'second', { colour, symbol }: NonNullable<typeof first>) =>
    Plot.dot(data.rows, {
      x: key,
      y: 'name',
      fill: colour,
      symbol,
      r: 4,
      className: 'value',
      title: (row: DumbbellsChart['rows'][number]) => `${row.name}: ${percent(row[key])}`,
    });
  const rows = rowsFrame(
    data.rows.map(({ name }) => name),
    style,
  );
  const legend = legendOf(paints.values(), style, { marginLeft: rows.marginLeft });
  return Plot.plot({
    ...below(legend, rows),
    x: { ...percentAxis(style), label: `${data.valueLabel} (%)` },
    marks: [
      Plot.link(data.rows, {
        x1: 'first',
        x2: 'second',
        y: 'name',
        stroke: GREY,
        strokeWidth: 1.5,
      }),
      end('first', first!),
      end('second', second!),
      ...legend.marks,
    ],
  }) as SVGSVGElement;
}

/** Differences with their intervals around nothing; one whose interval holds 0 is grey. */
export function drawForest(data: ForestChart, style: ChartStyle): SVGSVGElement {
  type Row = ForestChart['rows'][number];
  const rows = data.rows.filter(({ value }) => value !== null);
  const colourOf = ({ low, high }: Row): string =>
    low !== null && high !== null && (low > 0 || high < 0) ? ACCENT : GREY;
  return Plot.plot({
    ...rowsFrame(
      rows.map(({ model }) => model),
      style,
    ),
    x: {
      ...percentAxis(style),
      label: `${data.valueLabel}: model minus ${data.baseline} (points)`,
    },
    marks: [
      Plot.ruleX([0]),
      Plot.ruleY(rows, { x1: 'low', x2: 'high', y: 'model', stroke: colourOf, strokeWidth: 1.5 }),
      Plot.dot(rows, {
        x: 'value',
        y: 'model',
        fill: colourOf,
        r: 4,
        className: 'value',
        title: ({ model, value, low, high }: Row) =>
          `${model}: ${percent(value)} [${percent(low)}, ${percent(high)}]`,
      }),
    ],
  }) as SVGSVGElement;
}

/** Names with a value and its interval, a facet for each group. */
export function drawRanking(data: RankingChart, style: ChartStyle): SVGSVGElement {
  type Row = RankingChart['rows'][number];
  const rows = data.rows.filter(({ value }) => value !== null);
  const groups = [...new Set(rows.map(({ group }) => group))];
  const paints = paintsOf(groups);
  const colourOf = ({ group }: Row): string => paints.get(group)?.colour ?? GREY;
  // One name may stand in two groups.
  const keyOf = ({ group, name }: Row): string => `${group}/${name}`;
  const names = new Map(rows.map((row) => [keyOf(row), row.name]));
  const textOf = ({ value }: Row): string => (data.isCount ? String(value) : percent(value));
  const countOf = ({ n }: Row): string => (data.isCount ? `of ${n}` : `n = ${n}`);
  const counts = Math.max(0, ...rows.map((row) => textWidth(countOf(row), style)));
  const frame = rowsFrame([...names.keys()], style, [...names.values()]);
  const marginRight = frame.marginRight + counts;
  const legend = legendOf(groups.length > 1 ? paints.values() : [], style, {
    marginLeft: frame.marginLeft,
    symbol: 'circle',
  });
  return Plot.plot({
    ...below(legend, frame),
    marginRight,
    x: data.isCount
      ? { ...percentAxis(style), inset: 0, percent: false, label: data.valueLabel, zero: true }
      : { ...percentAxis(style), label: `${data.valueLabel} (%)`, domain: [0, 100] },
    marks: [
      Plot.ruleX([0]),
      data.isCount
        ? Plot.barX(rows, {
            x: 'value',
            y: keyOf,
            fill: colourOf,
            className: 'value',
            insetTop: 1,
            insetBottom: 1,
            title: (row: Row) => `${row.name}: ${textOf(row)}`,
          })
        : [
            Plot.ruleY(
              rows.filter(({ low }) => low !== null),
              { x1: 'low', x2: 'high', y: keyOf, stroke: colourOf, strokeWidth: 1.5 },
            ),
            Plot.dot(rows, {
              x: 'value',
              y: keyOf,
              fill: colourOf,
              fillOpacity: hollow,
              stroke: colourOf,
              r: 4,
              className: 'value',
              title: (row: Row) => `${row.name}: ${textOf(row)} of ${row.n} images`,
            }),
          ],
      Plot.text(rows, {
        y: keyOf,
        text: countOf,
        frameAnchor: 'right',
        textAnchor: 'end',
        dx: marginRight,
        fillOpacity: SOFT,
      }),
      ...legend.marks,
    ],
  }) as SVGSVGElement;
}

/** Narrower than so many letters, an axis beside names has no room for its label below its middle. */
const NARROW = 45;

function percentAxis({ width, fontSize }: ChartStyle): Plot.ScaleOptions {
  return {
    percent: true,
    inset: 6,
    grid: true,
    labelAnchor: width < NARROW * fontSize ? 'right' : 'center',
    labelArrow: 'none',
  };
}

/** Letters of a row's name. */
const MOST_LETTERS = 44;

type RowsFrame = Plot.PlotOptions & Record<'height' | `margin${'Top' | 'Left' | 'Right'}`, number>;

/** A frame with a legend above it. */
function below(legend: Legend, rows: RowsFrame): RowsFrame {
  const { height, marginTop } = rows;
  return { ...rows, height: height + legend.height, marginTop: marginTop + legend.height };
}

/** A frame with room for the names of rows on the left. */
function rowsFrame(
  keys: readonly string[],
  style: ChartStyle,
  names: readonly string[] = keys,
): RowsFrame {
  const { fontSize, width } = style;
  const most = Math.min(MOST_LETTERS, Math.floor((0.5 * width) / textWidth('x', style)));
  const shown = new Map(keys.map((key, at) => [key, shorten(names[at]!, most)]));
  const longest = Math.max(0, ...[...shown.values()].map((name) => textWidth(name, style)));
  const line = fontSize * (keys.length > 30 ? 1.3 : 1.7);
  return {
    ...frame(style),
    height: Math.round(keys.length * line + 5.2 * fontSize),
    marginTop: fontSize,
    marginBottom: 3.6 * fontSize,
    marginLeft: longest + 12,
    marginRight: 1.5 * fontSize,
    y: {
      type: 'band',
      domain: keys,
      label: null,
      tickSize: 0,
      tickFormat: (key: string) => shown.get(key) ?? key,
    },
  };
}
