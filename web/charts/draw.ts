import type { ChartData } from '../../src/report/chart-data.js';
import { drawBars } from './bars.js';
import { drawCells } from './cells.js';
import { drawExamples } from './examples.js';
import { drawLines } from './lines.js';
import { drawPoints } from './points.js';
import { drawDumbbells, drawForest, drawRanking } from './rows.js';
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
    case 'bars':
      return drawBars(data, style);
    case 'lines':
      return drawLines(data, style);
    case 'points':
      return drawPoints(data, style);
    case 'dumbbells':
      return drawDumbbells(data, style);
    case 'forest':
      return drawForest(data, style);
    case 'cells':
      return drawCells(data, style);
    case 'ranking':
      return drawRanking(data, style);
    case 'examples':
      return drawExamples(data, style);
  }
}
