import { createRequire } from 'node:module';
import type { OverlayOptions } from 'sharp';
import type { RgbImage } from './pixels.js';
import { loadSharp } from './sharp.js';

/** One picture of a contact sheet and the lines under it. */
export interface Tile {
  image: RgbImage;
  caption: readonly string[];
}

const require = createRequire(import.meta.url);
const FONT = require.resolve('@expo-google-fonts/varela/Varela_400Regular.ttf');
const PADDING = 12;
const LINE = 18;
const BACKGROUND = '#f2f2f2';

/**
 * Draws pictures in rows, each with its caption, as a PNG.
 * @param side px that each picture fits in
 */
export async function drawTiles(
  tiles: readonly Tile[],
  { columns, side }: { columns: number; side: number },
): Promise<Buffer> {
  const lines = Math.max(...tiles.map(({ caption }) => caption.length));
  const cell = { width: side + PADDING, height: side + PADDING + lines * LINE };
  const overlays = await Promise.all(
    tiles.map((tile, index) => {
      const left = PADDING + (index % columns) * cell.width;
      const top = PADDING + Math.floor(index / columns) * cell.height;
      return drawTile(tile, left, top, side);
    }),
  );
  return (await loadSharp())({
    create: {
      width: PADDING + Math.min(columns, tiles.length) * cell.width,
      height: PADDING + Math.ceil(tiles.length / columns) * cell.height,
      channels: 3,
      background: BACKGROUND,
    },
  })
    .composite(overlays.flat())
    .png()
    .toBuffer();
}

async function drawTile(
  { image, caption }: Tile,
  left: number,
  top: number,
  side: number,
): Promise<OverlayOptions[]> {
  const sharp = await loadSharp();
  const { width, height, data } = image;
  const picture = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: 'inside' })
    .png()
    .toBuffer();
  const text = await drawText(caption, side);
  return [
    { input: picture, left, top },
    { input: text, left, top: top + side + 4 },
  ];
}

/** Lines of text, cut where they are wider than their picture. */
async function drawText(lines: readonly string[], width: number): Promise<Buffer> {
  const sharp = await loadSharp();
  const text = lines.join('\n').replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const { data, info } = await sharp({
    text: { text, font: 'Varela 9', fontfile: FONT, rgba: true, dpi: 108 },
  })
    .png()
    .toBuffer({ resolveWithObject: true });
  if (info.width <= width) return data;
  return sharp(data).extract({ left: 0, top: 0, width, height: info.height }).png().toBuffer();
}
