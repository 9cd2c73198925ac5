import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import type { FigureName } from '../report/chart-data.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { countOf } from '../text.js';
import { examples, OUTPUTS, requireGiven, shared } from './flags.js';
import { run, UsageError } from './run.js';
import { EVALUATION_SET } from './score-flags.js';

interface ReportFlags extends SetFlags {
  scores: string[];
  title: string | undefined;
  out: string;
  quiet: boolean;
  json: boolean;
}

const scores = {
  type: 'string',
  array: true,
  default: [] as string[],
  describe: 'Folders of scores, or folders that contain them',
} as const;

/** What was scored, for the examples: several datasets, or one set of images with its labels. */
const setFlags = {
  dataset: {
    alias: 'd',
    type: 'string',
    array: true,
    group: EVALUATION_SET,
    describe: 'Show images of these PatchML datasets or folders of class folders',
  },
  images: {
    alias: 'i',
    type: 'string',
    group: EVALUATION_SET,
    describe: 'Show these images; with the --labels and --originals that they were scored with',
  },
  labels: { alias: 'l', type: 'string', group: EVALUATION_SET, describe: 'As in evaluate' },
  originals: { type: 'string', group: EVALUATION_SET, describe: 'As in evaluate' },
} as const;

interface SetFlags {
  dataset: string[] | undefined;
  images: string | undefined;
  labels: string | undefined;
  originals: string | undefined;
}

/** The sets that the flags name; labels go with the images, or with the one dataset. */
async function openSets({
  dataset = [],
  images,
  labels,
  originals,
}: SetFlags): Promise<EvaluationSet[]> {
  const { openEvaluationSet } = await import('../sets/open-set.js');
  const isOfImages = images !== undefined || dataset.length === 0;
  const sets: EvaluationSet[] = [];
  for (const folder of dataset) {
    const ofDataset = isOfImages || dataset.length > 1 ? undefined : labels;
    sets.push(await openEvaluationSet({ dataset: folder, labels: ofDataset }));
  }
  if (isOfImages && (images ?? labels ?? originals) !== undefined) {
    sets.push(await openEvaluationSet({ images, labels, originals }));
  }
  return sets;
}

export const reportCommand: CommandModule<object, ReportFlags> = {
  command: 'report [scores..]',
  describe: 'Write a report on scores: one HTML file with tables, figures and examples',
  builder: (args) =>
    args
      .positional('scores', scores)
      .options({
        out: {
          ...shared.out,
          default: join('output', 'report.html'),
          describe: 'The HTML file',
        },
        title: { type: 'string', describe: 'Title of the page' },
        ...setFlags,
        quiet: shared.quiet,
        json: shared.json,
      })
      .check(({ scores }) => {
        requireGiven('folders of scores to report on', scores[0]);
        return true;
      })
      .epilogue(
        examples(
          ['Everything that was scored', 'report output/scores -o report.html'],
          ['With examples of a dataset', 'report output/scores -d output/my-dataset'],
        ),
      ),
  handler: run(async (flags, tools) => {
    const { scores, title, out } = flags;
    const { writeReport } = await import('../report/report.js');
    const result = await writeReport({ scores, title, sets: await openSets(flags), out }, tools);
    const text = `${countOf(result.models, 'model')} on ${countOf(result.sets, 'set')}, written to ${out}`;
    return { result, text };
  }),
};

interface PlotFlags extends SetFlags {
  figure: FigureName;
  scores: string[];
  out: string;
  width: number;
  'font-size': number;
  font: string;
  dpi: number;
  choose: string[] | undefined;
  quiet: boolean;
  json: boolean;
}

export const plotCommand: CommandModule<object, PlotFlags> = {
  command: 'plot <figure> [scores..]',
  describe: 'Draw one figure of a report for a paper, as SVG or PNG',
  builder: async (args) => {
    const { FIGURES } = await import('../report/chart-data.js');
    return args
      .positional('figure', { choices: FIGURES, demandOption: true, describe: 'Which figure' })
      .positional('scores', scores)
      .options({
        out: { ...shared.out, demandOption: true, describe: 'The file: .svg or .png' },
        ...setFlags,
        choose: {
          type: 'string',
          array: true,
          describe: 'Which of its charts, such as set=imagenet-val  [default: the first]',
        },
        width: { type: 'number', group: OUTPUTS, default: 120, describe: 'Width in mm' },
        'font-size': { type: 'number', group: OUTPUTS, default: 8, describe: 'Font size in pt' },
        font: {
          type: 'string',
          group: OUTPUTS,
          default: 'sans-serif',
          describe: 'Font that an SVG names; a PNG has Varela',
        },
        dpi: { type: 'number', group: OUTPUTS, default: 300, describe: 'Pixels an inch of a PNG' },
        quiet: shared.quiet,
        json: shared.json,
      })
      .check(({ scores }) => {
        requireGiven('folders of scores to draw', scores[0]);
        return true;
      })
      .epilogue(
        examples([
          'A_k against k, as wide as a column',
          'plot subgroups output/scores -o figure.svg --width 85',
        ]),
      );
  },
  handler: run(async (flags, tools) => {
    const { plotFigure } = await import('../report/plot.js');
    const { scores, out, font, dpi } = flags;
    const result = await plotFigure(
      { figure: flags.figure, scores, sets: await openSets(flags), out },
      {
        ...tools,
        widthMm: flags.width,
        fontSize: flags['font-size'],
        font,
        dpi,
        choice: parseChoice(flags.choose ?? []),
      },
    );
    const chosen = Object.entries(result.choice).map(([key, value]) => `${key}=${value}`);
    return { result, text: [`${result.figure} written to ${out}`, ...chosen].join('\n  ') };
  }),
};

/** Parses `set=imagenet-val`. @throws UsageError */
function parseChoice(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (key === undefined) {
        throw new UsageError(`--choose takes what=which such as set=imagenet-val, not "${text}"`);
      }
      return [key, value!];
    }),
  );
}
