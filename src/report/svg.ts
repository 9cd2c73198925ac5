import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type * as Resvg from '@resvg/resvg-wasm';
import type { ChartData } from './chart-data.js';

/** What the built charts give: `web/charts/server.ts`. */
interface Charts {
  drawSvg: (
    data: ChartData,
    title: string,
    style: { width: number; fontSize: number; fontFamily: string },
  ) => string;
}

/** How a chart is drawn for print. */
export interface PrintStyle {
  /** mm */
  widthMm: number;
  /** pt */
  fontSize: number;
  /** The font's name, or several separated by commas. */
  font: string;
}

/** CSS pixels of an inch, and of a point. */
const [INCH, POINT, MM_PER_INCH] = [96, 96 / 72, 25.4];

/** Draws a chart as an SVG file. */
export async function drawSvg(
  data: ChartData,
  title: string,
  { widthMm, fontSize, font }: PrintStyle,
): Promise<string> {
  const built = new URL('../../web/charts.js', import.meta.url).href;
  const charts = (await import(built)) as Charts;
  return charts.drawSvg(data, title, {
    width: (widthMm / MM_PER_INCH) * INCH,
    fontSize: fontSize * POINT,
    fontFamily: font,
  });
}

const require = createRequire(import.meta.url);
let engine: Promise<typeof Resvg> | undefined;

/**
 * Turns an SVG file into a PNG, with the same letters on every machine.
 *
 * @param dpi pixels an inch of its width
 */
export async function rasterize(svg: string, dpi: number): Promise<Uint8Array> {
  engine ??= loadEngine();
  const resvg = await engine;
  const font = await readFile(require.resolve('@expo-google-fonts/varela/Varela_400Regular.ttf'));
  const family = 'Varela';
  const drawn = new resvg.Resvg(svg, {
    background: 'white',
    font: {
      fontBuffers: [font],
      defaultFontFamily: family,
      serifFamily: family,
      sansSerifFamily: family,
      monospaceFamily: family,
      cursiveFamily: family,
      fantasyFamily: family,
    },
    fitTo: { mode: 'zoom', value: dpi / INCH },
  });
  return drawn.render().asPng();
}

async function loadEngine(): Promise<typeof Resvg> {
  const resvg = await import('@resvg/resvg-wasm');
  await resvg.initWasm(await readFile(require.resolve('@resvg/resvg-wasm/index_bg.wasm')));
  return resvg;
}
