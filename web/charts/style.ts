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

/** How strong a text is that says less than others; still read easily, on white and on black. */
export const SOFT = 0.72;

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

/** The share of its size that a letter is wide in a broad font: most, narrow and wide ones. */
const [LETTER, NARROW, WIDE] = [0.62, 0.36, 0.9];

/** Roughly how wide a text is drawn, px. */
export function textWidth(text: string, { fontSize }: Pick<ChartStyle, 'fontSize'>): number {
  const narrow = text.match(/[ijltfrI .,:;'|()[\]/]/g)?.length ?? 0;
  const wide = text.match(/[mwMW%@<=>+\u2192]/g)?.length ?? 0;
  const others = text.length - narrow - wide;
  return fontSize * (others * LETTER + narrow * NARROW + wide * WIDE);
}

/** A share as it is read: `12.3%`. */
export function percent(value: number | null): string {
  return value === null ? '-' : `${(100 * value).toFixed(1)}%`;
}

/** The two ends of a text that would be longer than so many letters; names often differ at the end. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}\u2026${text.slice(text.length - end)}`;
}

/** A legend above a chart, in as many lines as it needs. */
export interface Legend {
  marks: Plot.Markish[];
  /** px that it takes above the chart. */
  height: number;
}

/** Where a legend stands, and what is in it beside the names of series. */
interface LegendOptions {
  /** px from the chart's left edge to its axis. */
  marginLeft: number;
  /** Of all series. Default: each its own. */
  symbol?: Paint['symbol'];
  /** What is said of those that have no paint. */
  others?: string;
}

/**
 * Lines up the names of series, each beside its symbol, from the axis on; from the chart's left edge
 * where one line has no room for them.
 */
export function legendOf(
  all: Iterable<Paint>,
  style: ChartStyle,
  { marginLeft, symbol, others = '' }: LegendOptions,
): Legend {
  const { fontSize } = style;
  const line = fontSize * 1.6;
  const paints = [...all];
  const widthOf = (name: string): number => textWidth(name, style) + 2.2 * fontSize;
  const inOneLine = [...paints.map(({ name }) => name), others].reduce(
    (sum, name) => sum + widthOf(name),
    0,
  );
  const start = inOneLine <= style.width - marginLeft ? 0 : 4 - marginLeft;
  const room = style.width - marginLeft - start;
  const places: { name: string; paint?: Paint; left: number; row: number }[] = [];
  let [left, row] = [0, 0];
  const place = (name: string, paint?: Paint): void => {
    const width = widthOf(name);
    if (left > 0 && left + width > room) [left, row] = [0, row + 1];
    places.push({ name, ...(paint && { paint }), left, row });
    left += width;
  };
  for (const paint of paints) place(paint.name, paint);
  if (others !== '') place(others);
  const rows = places.length === 0 ? 0 : row + 1;
  const height = rows * line + (rows > 0 ? 1.2 * fontSize : 0);
  const marks = places.flatMap(({ name, paint, left, row }) => {
    // A legend stands once, not in every facet.
    const at = {
      frameAnchor: 'top-left',
      dy: row * line - height + fontSize / 2,
      facet: 'super',
    } as const;
    return [
      Plot.dot(paint ? [paint] : [], {
        ...at,
        dx: start + left + 5,
        fill: paint?.colour ?? GREY,
        symbol: symbol ?? paint?.symbol ?? 'circle',
        r: 4,
      }),
      Plot.text([name], {
        ...at,
        dx: start + left + (paint ? 1.1 * fontSize : 0),
        textAnchor: 'start',
        lineAnchor: 'middle',
        fillOpacity: paint ? 1 : SOFT,
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
