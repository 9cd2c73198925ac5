import { extname, join } from 'node:path';
import { EvaluationError } from '../errors.js';
import { writeWhole } from '../files/output-file.js';
import type { StageOptions } from '../progress.js';
import { folderName } from '../score/scores-folder.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { type Figure, type FigureName, FIGURES, type FigureView } from './chart-data.js';
import { giveSets } from './examples.js';
import { figureMaker, type FigureMaker } from './figures.js';
import { openReportSets } from './report-sets.js';
import { drawSvg, rasterize } from './svg.js';

export interface PlotFigureInput {
  /** Which figure. */
  figure: FigureName;
  /** Folders of scores, or folders that contain some. */
  scores: readonly string[];
  /** The sets that were scored, which `examples` need. */
  sets?: readonly EvaluationSet[] | undefined;
  /** The file to write: `.svg` or `.png`. */
  out: string;
}

/** How a figure is drawn. */
export interface PlotFigureOptions extends Pick<StageOptions, 'signal' | 'onProgress'> {
  /** mm, 40 to 1,000. Default 120. */
  widthMm?: number | undefined;
  /** pt, 3 to 72. Default 8. */
  fontSize?: number | undefined;
  /** The font that an SVG names; a PNG is always drawn in Varela. Default `sans-serif`. */
  font?: string | undefined;
  /** Pixels an inch of a PNG, 30 to 1,200. Default 300. */
  dpi?: number | undefined;
  /** Which of the figure's charts, such as `{ set: 'imagenet-val' }`. Default: the first. */
  choice?: Readonly<Record<string, string>> | undefined;
}

/** What was drawn. */
export interface PlottedFigure {
  figure: FigureName;
  /** Of the chart that was drawn. */
  choice: Readonly<Record<string, string>>;
  out: string;
}

/**
 * Draws one figure of a report as a file for a paper.
 *
 * @throws EvaluationError `plot-unknown-figure`, `plot-unknown-format`, `plot-invalid-size`, `plot-unknown-choice`,
 *   `plot-no-data` where the scores have nothing for it, `report-other-set`, and what `openAllScores` throws
 * @throws OutputError where the file cannot be written
 */
export async function plotFigure(
  { figure: name, scores, sets: given = [], out }: PlotFigureInput,
  options: PlotFigureOptions = {},
): Promise<PlottedFigure> {
  requireFigure(name);
  requireSizes(options);
  const format = requireFormat(out);
  const sets = await openReportSets(scores);
  await giveSets(sets, given);
  const figure = await figureMaker({ sets, options })(name);
  const { choice, data } = chooseView(figure, options.choice ?? {});
  const { widthMm = 120, fontSize = 8, font = 'sans-serif', dpi = 300 } = options;
  const svg = await drawSvg(data, figure.title, { widthMm, fontSize, font });
  await writeWhole(out, format === 'svg' ? svg : await rasterize(svg, dpi));
  return { figure: name, choice, out };
}

/** Figures to draw into a folder, each as SVG and as PNG. */
export interface PlotFiguresInput {
  figures: readonly {
    figure: FigureName;
    /** Which of its charts: all with this choice, but of those of one set or of one pair the first. */
    choice?: Readonly<Record<string, string>> | undefined;
    options?: Pick<PlotFigureOptions, 'widthMm' | 'fontSize'> | undefined;
  }[];
  figureOf: FigureMaker;
  /** The folder, which is there. */
  out: string;
}

/**
 * Draws figures for a paper, `<figure>-<choice>.svg` and `.png`. Those that the scores have nothing
 * for are left out.
 *
 * @returns why figures could not be drawn: `plot-unknown-choice`
 * @throws OutputError where a file cannot be written
 */
export async function plotFigures(
  { figures, figureOf, out }: PlotFiguresInput,
  options: PlotFigureOptions = {},
): Promise<EvaluationError[]> {
  const problems: EvaluationError[] = [];
  for (const { figure: name, choice = {}, options: own } of figures) {
    const figure = await figureOf(name);
    if (figure.absent !== null) continue;
    const views = viewsOf(figure, choice);
    if (views instanceof EvaluationError) {
      problems.push(views);
      continue;
    }
    for (const view of onePerSet(views)) {
      const {
        widthMm = 120,
        fontSize = 8,
        font = 'sans-serif',
        dpi = 300,
      } = { ...options, ...own };
      const svg = await drawSvg(view.data, figure.title, { widthMm, fontSize, font });
      const path = join(out, [name, ...Object.values(view.choice)].map(folderName).join('-'));
      await writeWhole(`${path}.svg`, svg, { sync: false });
      await writeWhole(`${path}.png`, await rasterize(svg, dpi), { sync: false });
    }
  }
  return problems;
}

/** The first view of every set, or of every pair of sets. */
function onePerSet(views: readonly FigureView[]): FigureView[] {
  const found = new Map<string, FigureView>();
  for (const view of views) {
    const of = view.choice['set'] ?? view.choice['sets'] ?? '';
    if (!found.has(of)) found.set(of, view);
  }
  return [...found.values()];
}

function requireFigure(name: string): void {
  if ((FIGURES as readonly string[]).includes(name)) return;
  throw new EvaluationError(`there is no figure "${name}"`, {
    code: 'plot-unknown-figure',
    fix: `choose one of: ${FIGURES.join(', ')}`,
  });
}

/** What may be asked of a picture: more would take the machine's memory. */
const SIZES = {
  widthMm: { name: 'a width', unit: 'mm', least: 40, most: 1000 },
  fontSize: { name: 'a font size', unit: 'pt', least: 3, most: 72 },
  dpi: { name: 'a resolution', unit: 'dpi', least: 30, most: 1200 },
} as const;

function requireSizes(options: PlotFigureOptions): void {
  for (const [option, { name, unit, least, most }] of Object.entries(SIZES)) {
    const value = options[option as keyof typeof SIZES];
    if (value === undefined || (value >= least && value <= most)) continue;
    throw new EvaluationError(`expected ${name} from ${least} to ${most} ${unit}, got ${value}`, {
      code: 'plot-invalid-size',
      fix: 'choose another value',
    });
  }
}

function requireFormat(out: string): 'svg' | 'png' {
  const format = extname(out).slice(1).toLowerCase();
  if (format === 'svg' || format === 'png') return format;
  throw new EvaluationError('a figure is written as .svg or .png', {
    code: 'plot-unknown-format',
    path: out,
    fix: 'give the file one of these extensions',
  });
}

/** The first view with what was chosen. */
function chooseView(figure: Figure, wanted: Readonly<Record<string, string>>): FigureView {
  const { name, views, absent } = figure;
  if (absent !== null || views.length === 0) {
    const why = (absent ?? 'pass other scores').replace(/[.]$/, '');
    throw new EvaluationError(`these scores have nothing for the figure "${name}"`, {
      code: 'plot-no-data',
      fix: why.charAt(0).toLowerCase() + why.slice(1),
    });
  }
  const found = viewsOf(figure, wanted);
  if (found instanceof EvaluationError) throw found;
  return found[0]!;
}

/** The views with what was chosen: a name, or how it begins; an error where there are none. */
function viewsOf(
  figure: Figure,
  wanted: Readonly<Record<string, string>>,
): FigureView[] | EvaluationError {
  let left = figure.views;
  for (const [key, value] of Object.entries(wanted)) {
    const exact = left.filter(({ choice }) => choice[key] === value);
    const found =
      exact.length > 0 ? exact : left.filter(({ choice }) => choice[key]?.startsWith(value));
    if (found.length === 0) return unknownChoice(figure, left, key, value);
    left = found;
  }
  return left;
}

function unknownChoice(
  { name }: Figure,
  views: readonly FigureView[],
  key: string,
  value: string,
): EvaluationError {
  const known = [
    ...new Set(views.map(({ choice }) => choice[key]).filter((each) => each !== undefined)),
  ];
  const keys = Object.keys(views[0]!.choice);
  return new EvaluationError(`"${name}" has no chart with ${key}=${value}`, {
    code: 'plot-unknown-choice',
    fix:
      known.length > 0
        ? `choose one of: ${known.join(', ')}`
        : `it is chosen by: ${keys.length > 0 ? keys.join(', ') : 'nothing, there is one'}`,
  });
}
