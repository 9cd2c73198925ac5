import * as Plot from '@observablehq/plot';
import type { BarsChart } from '../../src/report/chart-data.js';
import { type ChartStyle, frame, GREY, legendOf, paintsOf } from './style.js';

/** Groups of bars, one of each series, with the share above each where there is room. */
export function drawBars(data: BarsChart, style: ChartStyle): SVGSVGElement {
  const names = [...new Set(data.bars.map(({ series }) => series))];
  const groups = [...new Set(data.bars.map(({ group }) => group))];
  const paints = paintsOf(names);
  const legend = legendOf(paints.values(), 'square', style);
  const room = (style.width - 5 * style.fontSize) / groups.length / names.length;
  return Plot.plot({
    ...frame(style),
    height: Math.round(style.width * 0.45 + legend.height),
    marginTop: legend.height + 1.5 * style.fontSize,
    marginBottom: 3.6 * style.fontSize,
    marginLeft: 4.5 * style.fontSize,
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
          `${series}, ${group}: ${(100 * value).toFixed(1)}%, ${n} images`,
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
