import * as Plot from '@observablehq/plot';
import type { CellsChart } from '../../src/report/chart-data.js';
import { type ChartStyle, frame, percent } from './style.js';

/** A share of the highest value above which text on a cell is white. */
const DARK = 0.55;

/** A grid of cells, the darker the higher, with the value in each. */
export function drawCells(data: CellsChart, style: ChartStyle): SVGSVGElement {
  type Cell = CellsChart['cells'][number];
  const [xs, ys] = (['x', 'y'] as const).map((key) => [
    ...new Set(data.cells.map((cell) => cell[key])),
  ]) as [string[], string[]];
  const most = Math.max(0.01, ...data.cells.map(({ value }) => value ?? 0));
  const side = Math.min(6 * style.fontSize, (style.width - 8 * style.fontSize) / xs.length);
  const textOf = ({ value }: Cell): string => (value === null ? '-' : (100 * value).toFixed(1));
  const text = {
    x: 'x',
    y: 'y',
    fill: ({ value }: Cell) => ((value ?? 0) > DARK * most ? '#ffffff' : '#1a1a1a'),
  };
  return Plot.plot({
    ...frame(style),
    width: Math.round(side * xs.length + 8 * style.fontSize),
    height: Math.round(side * ys.length + 5 * style.fontSize),
    marginTop: 2 * style.fontSize,
    marginBottom: 3.2 * style.fontSize,
    marginLeft: 5 * style.fontSize,
    x: { domain: xs, label: data.xLabel, tickSize: 0, labelAnchor: 'center', labelArrow: 'none' },
    y: { domain: ys, label: data.yLabel, tickSize: 0, labelAnchor: 'center', labelArrow: 'none' },
    color: { type: 'linear', domain: [0, most], range: ['#eef3fa', '#08306b'] },
    marks: [
      Plot.cell(data.cells, {
        x: 'x',
        y: 'y',
        fill: 'value',
        inset: 1,
        className: 'value',
        title: (cell: Cell) =>
          `${data.xLabel} ${cell.x}, ${data.yLabel} ${cell.y}: ${percent(cell.value)}, ${cell.n} objects`,
      }),
      Plot.text(data.cells, { ...text, text: textOf, dy: -0.5 * style.fontSize }),
      Plot.text(data.cells, {
        ...text,
        text: ({ low, high, n }: Cell) =>
          low === null || high === null
            ? `n = ${n}`
            : `[${[low, high].map((end) => (100 * end).toFixed(0)).join(', ')}]`,
        dy: 0.7 * style.fontSize,
        fontSize: 0.8 * style.fontSize,
      }),
    ],
  }) as SVGSVGElement;
}
