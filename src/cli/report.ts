import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import type { FigureName } from '../report/chart-data.js';
import { countOf } from '../text.js';
import { examples, OUTPUTS, requireGiven, shared } from './flags.js';
import { run, UsageError } from './run.js';

interface ReportFlags {
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
        quiet: shared.quiet,
        json: shared.json,
      })
      .check(({ scores }) => {
        requireGiven('folders of scores to report on', scores[0]);
        return true;
      })
      .epilogue(examples(['Everything that was scored', 'report output/scores -o report.html'])),
  handler: run(async ({ scores, title, out }, tools) => {
    const { writeReport } = await import('../report/report.js');
    const result = await writeReport({ scores, title, out }, tools);
    const text = `${countOf(result.models, 'model')} on ${countOf(result.sets, 'set')}, written to ${out}`;
    return { result, text };
  }),
};

interface PlotFlags {
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
      { figure: flags.figure, scores, out },
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
