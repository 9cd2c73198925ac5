import { createRequire } from 'node:module';
import type { OverlayOptions } from 'sharp';
import type { RgbImage } from './pixels.js';
import { loadSharp } from './sharp.js';

/** A line under a picture; a tick or a cross may stand before it. */
export interface CaptionLine {
  text: string;
  mark?: 'tick' | 'cross' | undefined;
}

/** One picture of a contact sheet and what stands under it. */
export interface Tile {
  image: RgbImage;
  title: string;
  /** Beside the title, on the right. */
  note?: string | undefined;
  /** Blocks of lines, a little apart. */
  blocks: readonly (readonly CaptionLine[])[];
}

const require = createRequire(import.meta.url);
const FONT = require.resolve('@expo-google-fonts/varela/Varela_400Regular.ttf');
/** Between tiles and around them, px. */
const PADDING = 14;
/** Height of a line, px. */
const LINE = 20;
/** Between two blocks, and between the picture and the title, px. */
const GAP = 6;
const MARK = 12;
const BACKGROUND = '#f2f2f2';
const [DARK, GREY] = ['#222222', '#666666'];
const MARKS = {
  tick: ['M2 7 L5 10 L10 2', '#1a7f37'],
  cross: ['M2 2 L10 10 M10 2 L2 10', '#c62828'],
} as const;

/**
 * Draws pictures in rows, each with its caption, as a PNG. A row is as high as its longest caption
 * makes it; a line that is wider than its picture ends in an ellipsis.
 * @param side px that each picture fits in
 */
export async function drawTiles(
  tiles: readonly Tile[],
  { columns, side }: { columns: number; side: number },
): Promise<Buffer> {
  const pen = await openPen();
  const overlays: OverlayOptions[] = [];
  let top = PADDING;
  for (let first = 0; first < tiles.length; first += columns) {
    const row = tiles.slice(first, first + columns);
    for (const [column, tile] of row.entries()) {
      const left = PADDING + column * (side + PADDING);
      overlays.push(...(await drawTile(tile, { pen, left, top, side })));
    }
    top += side + Math.max(...row.map(captionHeight)) + PADDING;
  }
  return (await loadSharp())({
    create: {
      width: PADDING + Math.min(columns, tiles.length) * (side + PADDING),
      height: top,
      channels: 3,
      background: BACKGROUND,
    },
  })
    .composite(overlays)
    .png()
    .toBuffer();
}

function captionHeight({ blocks }: Tile): number {
  return blocks.reduce((sum, lines) => sum + GAP + LINE * lines.length, GAP + LINE);
}

interface Place {
  pen: Pen;
  left: number;
  top: number;
  side: number;
}

async function drawTile(
  { image, title, note, blocks }: Tile,
  { pen, left, top, side }: Place,
): Promise<OverlayOptions[]> {
  const sharp = await loadSharp();
  const { width, height, data } = image;
  const picture = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: 'inside' })
    .png()
    .toBuffer();
  const overlays: OverlayOptions[] = [{ input: picture, left, top }];
  let line = top + side + GAP;
  const right = note === undefined ? undefined : await pen.write(note, side, DARK);
  const rest = side - (right === undefined ? 0 : right.width + GAP);
  const { input } = await pen.write(title, rest, GREY);
  overlays.push({ input, left, top: line });
  if (right) overlays.push({ input: right.input, left: left + side - right.width, top: line });
  line += LINE;
  for (const lines of blocks) {
    line += GAP;
    for (const { text, mark } of lines) {
      const indent = mark === undefined ? 0 : MARK + GAP;
      if (mark) overlays.push({ input: drawMark(mark), left, top: line });
      const written = await pen.write(text, side - indent, DARK);
      overlays.push({ input: written.input, left: left + indent, top: line });
      line += LINE;
    }
  }
  return overlays;
}

function drawMark(mark: keyof typeof MARKS): Buffer {
  const [path, colour] = MARKS[mark];
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${MARK}" height="${MARK}"><path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/></svg>`,
  );
}

/** A line of text that was drawn. */
interface Written {
  /** PNG or SVG. */
  input: Buffer;
  /** px */
  width: number;
}

/** A text without ink: one clear pixel. */
const NOTHING: Written = {
  input: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
  width: 1,
};

/** Writes lines of text. */
interface Pen {
  /** @param width px that the line may have; beyond it, it ends in an ellipsis */
  write: (text: string, width: number, colour: string) => Promise<Written>;
}

/**
 * A drawn text is cut to its ink, so lines with high letters and without would not stand level. Each
 * is drawn behind a bar, which is as high as any letter, and the bar is cut off.
 */
const BAR = '|';
/** No line is longer, whatever a title holds. */
const MAX_LETTERS = 100;

async function openPen(): Promise<Pen> {
  const sharp = await loadSharp();
  const draw = (text: string, colour: string) => {
    const markup = `${BAR}${text}`.replace(/&/g, '&amp;').replace(/</g, '&lt;');
    const line = `<span foreground="${colour}">${markup}</span>`;
    return sharp({ text: { text: line, font: 'Varela 10', fontfile: FONT, rgba: true, dpi: 108 } })
      .png()
      .toBuffer({ resolveWithObject: true });
  };
  const bar = (await draw('', DARK)).info.width + 1;
  const drawFitting = async (text: string, width: number, colour: string): Promise<Written> => {
    const letters = Array.from(text).slice(0, MAX_LETTERS);
    let { data, info } = await draw(letters.join(''), colour);
    for (let kept = letters.length - 1; kept > 0 && info.width > bar + width; kept -= 1) {
      const cut = `${letters.slice(0, kept).join('').trimEnd()}\u2026`;
      ({ data, info } = await draw(cut, colour));
    }
    const shown = Math.min(width, info.width - bar);
    if (shown < 1) return NOTHING;
    const ink = { left: bar, top: 0, width: shown, height: info.height };
    return { input: await sharp(data).extract(ink).png().toBuffer(), width: shown };
  };
  const lines = new Map<string, Promise<Written>>();
  return {
    write(text, width, colour) {
      const key = JSON.stringify([text, width, colour]);
      const line = lines.get(key) ?? drawFitting(text, width, colour);
      lines.set(key, line);
      return line;
    },
  };
}
