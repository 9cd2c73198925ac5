import * as Plot from '@observablehq/plot';
import type { ExamplesChart } from '../../src/report/chart-data.js';
import { type ChartStyle, frame, GREEN, GREY, RED, shorten, textWidth } from './style.js';

/** px around all tiles. */
const EDGE = 3;
/** Tiles in a row. */
const COLUMNS = 4;

/** An image with its labels and what a model ranks highest in it, by name. */
export interface ExampleTile {
  id: string;
  /** A data URI of its pixels; null where there are none. */
  image: string | null;
  labels: string[];
  /** Best first; a probability is null where it is not known. */
  ranked: { name: string; probability: number | null; isRight: boolean }[];
}

/** The images of a chart as they are shown. */
export function tilesOf({ images, names }: ExamplesChart): ExampleTile[] {
  const nameOf = (label: number): string => names[label]!;
  return images.map(({ id, image, labels, top: { classes, probabilities } }) => ({
    id,
    image,
    labels: labels.map(nameOf),
    ranked: classes.map((label, rank) => ({
      name: nameOf(label),
      probability: probabilities?.[rank] ?? null,
      isRight: labels.includes(label),
    })),
  }));
}

/** A line under a picture. */
interface Line {
  x: number;
  y: number;
  text: string;
  right: string;
  mark: 'tick' | 'cross' | null;
}

/** Images with their labels, and what a model ranks highest: right with a tick, wrong with a cross. */
export function drawExamples(data: ExamplesChart, style: ChartStyle): SVGSVGElement {
  const { fontSize, width } = style;
  const tiles = tilesOf(data);
  const columns = Math.min(COLUMNS, Math.max(1, tiles.length));
  const gap = 1.2 * fontSize;
  const side = (width - 2 * EDGE - gap * (columns - 1)) / columns;
  const line = 1.4 * fontSize;
  const letters = (px: number): number => Math.floor(px / textWidth('x', style));
  const placed: { tile: ExampleTile; x: number; y: number }[] = [];
  const [labels, ranked]: [Line[], Line[]] = [[], []];
  let top: number = EDGE;
  for (let start = 0; start < tiles.length; start += columns) {
    const row = tiles.slice(start, start + columns);
    row.forEach((tile, column) => {
      const x = EDGE + column * (side + gap);
      placed.push({ tile, x, y: top });
      let y = top + side + line;
      for (const label of tile.labels) {
        labels.push({ x, y, text: shorten(label, letters(side)), right: '', mark: null });
        y += line;
      }
      y += line * 0.4;
      for (const { name, probability, isRight } of tile.ranked) {
        const right = probability === null ? '' : `${(100 * probability).toFixed(0)}%`;
        const room = side - 1.4 * fontSize - textWidth(`${right} `, style);
        const text = shorten(name, letters(room));
        ranked.push({ x, y, text, right, mark: isRight ? 'tick' : 'cross' });
        y += line;
      }
    });
    const most = Math.max(...row.map((tile) => tile.labels.length + tile.ranked.length));
    top += side + line * (most + 2.4);
  }
  const colourOf = ({ mark }: Line): string => (mark === 'tick' ? GREEN : RED);
  const marksOf = (mark: Line['mark']): Line[] => ranked.filter((each) => each.mark === mark);
  const half = 0.3 * fontSize;
  const stroke = (mark: Line['mark'], corners: readonly (readonly [number, number])[]) =>
    Plot.line(
      marksOf(mark).flatMap(({ x, y }) =>
        corners.map(([dx, dy]) => ({ x: x + half + dx * half, y: y + dy * half, z: `${x}/${y}` })),
      ),
      { x: 'x', y: 'y', z: 'z', stroke: mark === 'tick' ? GREEN : RED, strokeWidth: 1.5 },
    );
  return Plot.plot({
    ...frame(style),
    height: Math.round(top),
    margin: 0,
    x: { type: 'identity', axis: null },
    y: { type: 'identity', axis: null },
    marks: [
      Plot.rect(placed, {
        x1: 'x',
        x2: ({ x }: { x: number }) => x + side,
        y1: 'y',
        y2: ({ y }: { y: number }) => y + side,
        fill: GREY,
        fillOpacity: 0.15,
        stroke: GREY,
        strokeOpacity: 0.5,
      }),
      Plot.image(
        placed.filter(({ tile }) => tile.image !== null),
        {
          x: ({ x }: { x: number }) => x + side / 2,
          y: ({ y }: { y: number }) => y + side / 2,
          src: ({ tile }: { tile: ExampleTile }) => tile.image!,
          width: side,
          height: side,
          className: 'value',
          title: ({ tile }: { tile: ExampleTile }) => tile.id,
        },
      ),
      Plot.text(labels, { x: 'x', y: 'y', text: 'text', textAnchor: 'start', fontWeight: 'bold' }),
      Plot.text(ranked, {
        x: ({ x }: Line) => x + 1.2 * fontSize,
        y: 'y',
        text: 'text',
        textAnchor: 'start',
        fill: colourOf,
        className: 'ranked',
      }),
      Plot.text(ranked, {
        x: ({ x }: Line) => x + side,
        y: 'y',
        text: 'right',
        textAnchor: 'end',
        fill: colourOf,
      }),
      stroke('tick', [
        [-1, 0],
        [-0.3, 0.8],
        [1, -0.9],
      ]),
      stroke('cross', [
        [-0.8, -0.8],
        [0.8, 0.8],
        [0, 0],
        [-0.8, 0.8],
        [0.8, -0.8],
      ]),
    ],
  }) as SVGSVGElement;
}
