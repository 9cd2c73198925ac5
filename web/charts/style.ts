import * as Plot from '@observablehq/plot';

/** How a chart is drawn. */
export interface ChartStyle {
  document: Document;
  /** px */
  width: number;
  /** px */
  fontSize: number;
  fontFamily: string;
}

/**
 * Okabe and Ito's colours, told apart by colour-blind readers; without yellow, which is too light for
 * lines on white, and black, which is the ink.
 */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9'] as const;
const SYMBOLS = ['circle', 'square', 'triangle', 'diamond', 'star', 'cross'] as const;
/** Of what stands back: a crowd of lines, a difference that may be none. */
export const GREY = '#8a8f98';
/** Of what has one colour. */
export const ACCENT = COLOURS[0];
/** Right and wrong. */
export const [GREEN, RED] = ['#00875a', '#c9372c'] as const;

/** More series than this are no longer told apart. */
export const MOST_SERIES = COLOURS.length;

/** How a series is painted. */
export interface Paint {
  name: string;
  colour: string;
  symbol: (typeof SYMBOLS)[number];
}

/** A colour and a symbol for each name, as far as they reach. */
export function paintsOf(names: readonly string[]): Map<string, Paint> {
  return new Map(
    names.slice(0, MOST_SERIES).map((name, at) => {
      return [name, { name, colour: COLOURS[at]!, symbol: SYMBOLS[at]! }];
    }),
  );
}

/** A mark without an interval, of a value about few images, is hollow. */
export function hollow({ low }: { low: number | null }): number {
  return low === null ? 0 : 1;
}

/** The share of its size that a letter is wide. */
const LETTER = 0.61;

/** Roughly how wide a text is drawn, px. */
export function textWidth(text: string, { fontSize }: Pick<ChartStyle, 'fontSize'>): number {
  return text.length * fontSize * LETTER;
}

/** The beginning of a text that would be longer than so many letters. */
export function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}\u2026` : text;
}

/** A legend above a chart, in as many lines as it needs. */
export interface Legend {
  marks: Plot.Markish[];
  /** px that it takes above the chart. */
  height: number;
}

/**
 * Lines up the names of series, each beside its symbol, from the chart's left edge.
 *
 * @param symbol of all; null for each its own
 */
export function legendOf(
  paints: Iterable<Paint>,
  symbol: Paint['symbol'] | null,
  style: ChartStyle,
): Legend {
  const { fontSize } = style;
  const line = fontSize * 1.6;
  const room = style.width - 6 * fontSize;
  const places: { paint: Paint; left: number; row: number }[] = [];
  let [left, row] = [0, 0];
  for (const paint of paints) {
    const width = textWidth(paint.name, style) + 2.2 * fontSize;
    if (left > 0 && left + width > room) [left, row] = [0, row + 1];
    places.push({ paint, left, row });
    left += width;
  }
  const rows = places.length === 0 ? 0 : row + 1;
  const height = rows * line + (rows > 0 ? 1.2 * fontSize : 0);
  const marks = places.flatMap(({ paint, left, row }) => {
    // A legend stands once, not in every facet.
    const at = {
      frameAnchor: 'top-left',
      dy: row * line - height + fontSize / 2,
      facet: 'super',
    } as const;
    return [
      Plot.dot([paint], {
        ...at,
        dx: left + 5,
        fill: paint.colour,
        symbol: symbol ?? paint.symbol,
        r: 4,
      }),
      Plot.text([paint.name], {
        ...at,
        dx: left + 1.1 * fontSize,
        textAnchor: 'start',
        lineAnchor: 'middle',
      }),
    ];
  });
  return { marks, height };
}

/** What all charts have in common. */
export function frame(style: ChartStyle): Plot.PlotOptions {
  const { document, width, fontSize } = style;
  return {
    document,
    width,
    style: { fontSize: `${fontSize}px`, background: 'transparent', color: 'inherit' },
  };
}
