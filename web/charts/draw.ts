import type { ChartData } from '../../src/report/chart-data.js';
import { drawLines } from './lines.js';
import type { ChartStyle } from './style.js';

/**
 * Draws a chart. The picture depends on its data and style alone.
 *
 * @param title what it is called for those who do not see it
 */
export function drawChart(data: ChartData, title: string, style: ChartStyle): SVGSVGElement {
  const svg = draw(data, style);
  svg.setAttribute('font-size', String(style.fontSize));
  svg.setAttribute('font-family', style.fontFamily);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  // Plot names the groups of marks, which have no role that may be named.
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  return svg;
}

function draw(data: ChartData, style: ChartStyle): SVGSVGElement {
  switch (data.kind) {
    case 'lines':
      return drawLines(data, style);
    default:
      throw new Error(`no chart draws ${data.kind}`);
  }
}
