import * as Plot from '@observablehq/plot';
import type { BarsChart } from '../../src/report/chart-data.js';
import { type ChartStyle, frame, GREY, legendOf, paintsOf, percent } from './style.js';

/** Groups of bars, one of each series, with the share above each where there is room. */
export function drawBars(data: BarsChart, style: ChartStyle): SVGSVGElement {
  const names = [...new Set(data.bars.map(({ series }) => series))];
  const groups = [...new Set(data.bars.map(({ group }) => group))];
  const paints = paintsOf(names);
  const marginLeft = 4.5 * style.fontSize;
  const legend = legendOf(paints.values(), style, { marginLeft, symbol: 'square' });
  const room = (style.width - 5 * style.fontSize) / groups.length / names.length;
  return Plot.plot({
    ...frame(style),
    height: Math.round(Math.max(0.45 * style.width, 20 * style.fontSize) + legend.height),
    marginTop: legend.height + 1.5 * style.fontSize,
    marginBottom: 3.6 * style.fontSize,
    marginLeft,
    fx: { domain: groups, label: null, padding: 0.15, axis: 'bottom' },
    x: { domain: names, axis: null, padding: 0.05 },
    y: { label: `${data.valueLabel} (%)`, percent: true, grid: true, labelArrow: 'none' },
    marks: [
      Plot.barY(data.bars, {
        fx: 'group',
        x: 'series',
        y: 'value',
        fill: ({ series }: { series: string }) => paints.get(series)?.colour ?? GREY,
        className: 'value',
        title: ({ series, group, value, n }: BarsChart['bars'][number]) =>
          `${series}, ${group}: ${percent(value)}, ${n} images`,
      }),
      ...(room > 3.2 * style.fontSize
        ? [
            Plot.text(data.bars, {
              fx: 'group',
              x: 'series',
              y: 'value',
              text: ({ value }: { value: number }) => (100 * value).toFixed(1),
              lineAnchor: 'bottom',
              dy: -3,
            }),
          ]
        : []),
      Plot.ruleY([0]),
      Plot.axisFx({
        anchor: 'bottom',
        label: data.groupLabel,
        labelAnchor: 'center',
        labelArrow: 'none',
      }),
      ...legend.marks,
    ],
  }) as SVGSVGElement;
}
