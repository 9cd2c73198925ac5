/**
 * What each chart draws: plain data, of which the same code makes the picture in a report's page and
 * in a file. Values are shares from 0 to 1 unless a chart says otherwise.
 *
 * @module
 */

/** A value with its interval and the number of images in it; null where there is none. */
export interface Measured {
  value: number | null;
  low: number | null;
  high: number | null;
  n: number;
}

/** Bars side by side: for each group one of every series, such as sets by their label counts. */
export interface BarsChart {
  kind: 'bars';
  /** What the groups are, and what is measured. */
  groupLabel: string;
  valueLabel: string;
  bars: { series: string; group: string; value: number; n: number }[];
}

/** A line for each series, models as a rule, with intervals where these are few. */
export interface LinesChart {
  kind: 'lines';
  /** Whether a series is a model, which a page may leave out. */
  areModels: boolean;
  xLabel: string;
  valueLabel: string;
  points: ({ series: string; x: number } & Measured)[];
  /** What a random ranking reaches. */
  chance: { x: number; value: number }[];
  /** What stands at whole numbers of x, where that is not the number: `>5`. */
  ticks: { x: number; text: string }[] | null;
}

/** A point a model: two metrics against each other. */
export interface PointsChart {
  kind: 'points';
  xLabel: string;
  yLabel: string;
  points: { model: string; x: number; y: number }[];
  /** How many models there are; the rank correlations are over all, whatever is shown. */
  models: number;
  spearman: number | null;
  kendall: number | null;
}

/** Two values a row, and how far they are apart: models on two sets, or metrics. */
export interface DumbbellsChart {
  kind: 'dumbbells';
  valueLabel: string;
  /** What the rows are: `model` or `metric`. */
  rowLabel: string;
  /** What the two ends are. */
  first: string;
  second: string;
  /** The measured value is the first minus the second; `n` of it is that of the first. */
  rows: ({ name: string; first: number; second: number } & Measured)[];
}

/** Differences with their intervals, below each other. */
export interface ForestChart {
  kind: 'forest';
  valueLabel: string;
  baseline: string;
  rows: ({ model: string; pValue: number | null } & Measured)[];
}

/** Values on a grid of cells. */
export interface CellsChart {
  kind: 'cells';
  valueLabel: string;
  xLabel: string;
  yLabel: string;
  cells: ({ x: string; y: string } & Measured)[];
}

/** Names by their value, in one or more groups: the best and the worst classes. */
export interface RankingChart {
  kind: 'ranking';
  valueLabel: string;
  rowLabel: string;
  /** Whether values are numbers of images instead of shares. */
  isCount: boolean;
  rows: ({ group: string; name: string } & Measured)[];
}

/** The classes that a model ranks highest in an image, best first. */
export interface TopClasses {
  /** Class indices. */
  classes: number[];
  /** Of each; null where they are not known. */
  probabilities: number[] | null;
}

/** An image with its labels. */
export interface LabelledImage {
  id: string;
  /** Class indices. */
  labels: number[];
  /** A data URI of its pixels; null where there are none. */
  image: string | null;
}

/** Images in the manner of the paper's Figure 1. */
export interface ExamplesChart {
  kind: 'examples';
  model: string;
  images: (LabelledImage & { top: TopClasses })[];
  /** The names of the classes in them, by class index. */
  names: Record<number, string>;
}

/** What a chart draws. */
export type ChartData =
  | BarsChart
  | LinesChart
  | PointsChart
  | DumbbellsChart
  | ForestChart
  | CellsChart
  | RankingChart
  | ExamplesChart;

/** Every figure, in a report's order. */
export const FIGURES = [
  'label-counts',
  'subgroups',
  'painted-size',
  'given-alone',
  'positions',
  'pairs',
  'agreement',
  'gaps',
  'differences',
  'classes',
  'confusions',
  'examples',
] as const;

/** The name of a figure. */
export type FigureName = (typeof FIGURES)[number];

/** One of a figure's charts, by what chooses it: its set, its metric, its model. */
export interface FigureView {
  choice: Readonly<Record<string, string>>;
  data: ChartData;
  /** Of a chart of a single model: its name. */
  model?: string;
}

/** A figure: a chart for every choice, or the reason why there is none. */
export interface Figure {
  name: FigureName;
  title: string;
  /** What it shows, in a sentence or two. */
  about: string;
  views: FigureView[];
  /** Why there is no view; null where there is one. */
  absent: string | null;
  /** What was left out of it; null where nothing was. */
  leftOut: string | null;
}
