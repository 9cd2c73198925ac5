import { readFile } from 'node:fs/promises';
import { explainError } from '../files/file-errors.js';
import { writeWhole } from '../files/output-file.js';
import type { StageOptions } from '../progress.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { PATCHML_VERSION } from '../version.js';
import { giveSets, makeExamples, NO_EXAMPLES } from './examples.js';
import { figureMaker, type FigureMaker, makeFigures } from './figures.js';
import { type ReportData, scriptOf } from './report-data.js';
import { type FigureInput, openReportSets } from './report-sets.js';
import { makeScoreTable, provenanceOf } from './report-tables.js';

export interface WriteReportInput {
  /** Folders of scores, or folders that contain some. */
  scores: readonly string[];
  /** The page's title. Default: `patchml report`. */
  title?: string | undefined;
  /** The sets that were scored, for the examples: their images and labels are not in the scores. */
  sets?: readonly EvaluationSet[] | undefined;
  /** The HTML file to write. */
  out: string;
}

/** How to make a report. */
export type WriteReportOptions = Pick<StageOptions, 'signal' | 'onProgress'>;

/** A report that was written. */
export interface WrittenReport {
  out: string;
  /** Models and sets in it. */
  models: number;
  sets: number;
}

/**
 * Writes a report on scores: one HTML file, which needs no network. The same scores give the same
 * bytes.
 *
 * @throws EvaluationError `report-model-twice`, `report-other-set`, and what `openAllScores` throws
 * @throws OutputError where the file cannot be written
 */
export async function writeReport(
  { scores, title = 'patchml report', sets: given = [], out }: WriteReportInput,
  options: WriteReportOptions = {},
): Promise<WrittenReport> {
  const sets = await openReportSets(scores);
  await giveSets(sets, given);
  const input = { sets, options };
  return fillReport({ input, figureOf: figureMaker(input), title, out });
}

/** What a report is made of that was opened before. */
export interface FillReportInput {
  title: string;
  out: string;
  input: FigureInput;
  /** Of the same input. */
  figureOf: FigureMaker;
}

/** Writes a report on scores that are open: what {@link writeReport} does. */
export async function fillReport({
  input,
  figureOf,
  title,
  out,
}: FillReportInput): Promise<WrittenReport> {
  const { sets } = input;
  const examples = await makeExamples(input);
  const models = [
    ...new Set(sets.flatMap(({ runs }) => runs.map(({ scorecard }) => scorecard.model.name))),
  ];
  const data: ReportData = {
    title,
    patchml: PATCHML_VERSION,
    models,
    tables: sets.map(makeScoreTable),
    figures: await makeFigures(figureOf),
    examples,
    noExamples: examples.sets.length > 0 ? null : NO_EXAMPLES,
    provenance: sets.flatMap(provenanceOf),
  };
  await writeWhole(out, await fillPage(data));
  return { out, models: models.length, sets: sets.length };
}

/** Where the built page takes its title and its data. */
const [TITLE, DATA] = ['REPORT-TITLE', '"REPORT-DATA"'];

async function fillPage(data: ReportData): Promise<string> {
  const path = new URL('../../web/report.html', import.meta.url);
  const page = await readFile(path, 'utf8').catch((error: unknown) => {
    throw explainError(error, 'dist/web/report.html');
  });
  const text = scriptOf(data, Buffer.byteLength(page));
  // The title's place stands before the data, which may say anything.
  return page.replace(DATA, () => text).replace(TITLE, () => inHtml(data.title));
}

function inHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
