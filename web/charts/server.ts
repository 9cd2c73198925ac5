import { parseHTML } from 'linkedom/worker';
import type { ChartData } from '../../src/report/chart-data.js';
import { drawChart } from './draw.js';
import { standalone } from './standalone.js';
import type { ChartStyle } from './style.js';

/** Draws a chart where there is no browser, as the text of an SVG file with its size in mm. */
export function drawSvg(
  data: ChartData,
  title: string,
  style: Omit<ChartStyle, 'document'>,
): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  return standalone(drawChart(data, title, { ...style, document }).outerHTML, 'mm');
}
