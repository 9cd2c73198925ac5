import { readFile } from 'node:fs/promises';
import { explainError } from '../files/file-errors.js';
import { writeWhole } from '../files/output-file.js';
import type { StageOptions } from '../progress.js';
import { PATCHML_VERSION } from '../version.js';
import type { Figure } from './chart-data.js';
import { makeFigures } from './figures.js';
import { openReportSets } from './report-sets.js';

export interface WriteReportInput {
  /** Folders of scores, or folders that contain some. */
  scores: readonly string[];
  /** The page's title. Default: `patchml report`. */
  title?: string | undefined;
  /** The HTML file to write. */
  out: string;
}

/** How to make a report. */
export type WriteReportOptions = Pick<StageOptions, 'signal' | 'onProgress'>;

/** What a report shows: what its page is given. */
export interface ReportData {
  title: string;
  patchml: string;
  figures: Figure[];
}

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
 * @throws EvaluationError `report-model-twice`, and what `openAllScores` throws
 * @throws OutputError where the file cannot be written
 */
export async function writeReport(
  { scores, title = 'patchml report', out }: WriteReportInput,
  options: WriteReportOptions = {},
): Promise<WrittenReport> {
  const sets = await openReportSets(scores);
  const figures = await makeFigures({ sets, options });
  await writeWhole(out, await fillPage({ title, patchml: PATCHML_VERSION, figures }));
  const models = new Set(
    sets.flatMap(({ runs }) => runs.map(({ scorecard }) => scorecard.model.name)),
  );
  return { out, models: models.size, sets: sets.length };
}

/** Where the built page takes its title and its data. */
const [TITLE, DATA] = ['REPORT-TITLE', '"REPORT-DATA"'];

async function fillPage(data: ReportData): Promise<string> {
  const path = new URL('../../web/report.html', import.meta.url);
  const page = await readFile(path, 'utf8').catch((error: unknown) => {
    throw explainError(error, 'dist/web/report.html');
  });
  return page.replace(TITLE, () => inHtml(data.title)).replace(DATA, () => inScript(data));
}

function inHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

/** JSON that no text in it can end or comment out. */
function inScript(data: unknown): string {
  return JSON.stringify(data).replace(
    /[<>\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
