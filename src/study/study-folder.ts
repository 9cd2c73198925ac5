import { dirname, join } from 'node:path';
import { z } from 'zod';
import { EvaluationError, OutputError } from '../errors.js';
import { sha256File } from '../files/digest.js';
import { sha256Schema } from '../files/sha256-schema.js';
import { exists, makeFolder } from '../files/folders.js';
import { readSummary, toJson } from '../files/json.js';
import { byteOrder, listFiles, tryLink } from '../files/listing.js';
import { copyWhole, writeWhole } from '../files/output-file.js';
import { buildFolder, NOTE_FILE, type OutputKind, requirePlace } from '../files/output-folder.js';
import type { StageOptions } from '../progress.js';
import { giveSets } from '../report/examples.js';
import { figureMaker } from '../report/figures.js';
import { plotFigures, type PlotFiguresInput } from '../report/plot.js';
import { type Compared, openReportSets } from '../report/report-sets.js';
import { fillReport } from '../report/report.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import type { StudyFailure } from './failure.js';
import { type StudyResults, studyResultsSchema, type StudyScores } from './results.js';
import type { StudyFields } from './schema.js';
import { studyTables, tableFiles } from './tables.js';

export const STUDY_FILE = 'study.json';
/** What determined the folder, and the digests of its files. */
export const LOCK_FILE = 'study.lock.json';
const [TABLES_FOLDER, FIGURES_FOLDER] = ['tables', 'figures'];
const REPORT_FILE = 'report.html';

const lockSchema = z.strictObject({
  format: z.literal('patchml-study-lock'),
  version: z.literal(1),
  name: z.string(),
  key: sha256Schema,
  files: z.record(z.string(), sha256Schema),
});

type Lock = z.output<typeof lockSchema>;

function readLock(folder: string): Promise<Lock> {
  return readSummary(folder, LOCK_FILE, lockSchema, 'patchml study', EvaluationError);
}

/** A study's results are replaced by none but another's, and only where no other file is among them. */
const STUDY: OutputKind = {
  what: 'a study',
  code: 'output-not-study',
  foreign: async (folder, names) => {
    if (!names.includes(LOCK_FILE)) return names[0];
    const { files } = await readLock(folder);
    const all = await listFiles(folder, () => true);
    return all.find(({ path }) => path !== LOCK_FILE && !Object.hasOwn(files, path))?.path;
  },
};

/**
 * Checks, before the work, that results may go to a folder.
 * @param shown what an error calls it, if it is a copy of what the user named
 * @throws OutputError `output-not-study` where it holds anything else, `output-other-study` where it
 *   holds those of a study of another name, unless they are to be replaced
 */
export async function requireStudyPlace(
  out: string,
  name: string,
  overwrite: boolean,
  shown = out,
): Promise<void> {
  if ((await requirePlace(out, STUDY)) === 'free' || overwrite) return;
  const earlier = (await readLock(out)).name;
  if (earlier === name) return;
  throw new OutputError(`this folder holds the results of the study "${earlier}"`, {
    code: 'output-other-study',
    path: shown,
    fix: 'choose another output folder, or pass --overwrite to replace them',
  });
}

/**
 * The results in a folder; undefined where they are not those that the key stands for, or any file of
 * them is missing or changed.
 */
export async function keptResults(out: string, key: string): Promise<StudyResults | undefined> {
  if (!(await exists(join(out, LOCK_FILE)))) return undefined;
  const lock = await readLock(out);
  if (lock.key !== key) return undefined;
  for (const [path, sha256] of Object.entries(lock.files)) {
    const file = join(out, path);
    if (!(await exists(file)) || sha256File(file) !== sha256) return undefined;
  }
  return readStudyResults(out);
}

/** Reads `study.json`. @throws EvaluationError where it is missing or damaged */
export function readStudyResults(folder: string): Promise<StudyResults> {
  return readSummary(folder, STUDY_FILE, studyResultsSchema, 'patchml study', EvaluationError);
}

/** Results to write. */
export interface WriteStudyInput {
  out: string;
  figures: StudyFields['figures'];
  key: string;
  results: StudyResults;
  /** What the results were made of, which figures and the report show. */
  compared: Compared;
  /** Of the same scores; `kept` is the folder that they are in. */
  scores: readonly (StudyScores & { kept: string })[];
  /** Sets whose images the report gives examples of. */
  sets: readonly EvaluationSet[];
}

/**
 * Writes the results of a study into a folder, all or nothing: `study.json`, tables, figures, the
 * report, and the scores that they are of. A figure that cannot be drawn is one more failure.
 * @throws OutputError where it cannot be written, or holds something else
 */
export async function writeStudy(
  { out, figures, key, results: found, compared, scores, sets: given }: WriteStudyInput,
  options: Pick<StageOptions, 'signal' | 'onProgress'> = {},
): Promise<{ results: StudyResults; failures: StudyFailure[] }> {
  const failures: StudyFailure[] = [];
  let results = found;
  const fill = async (partial: string): Promise<void> => {
    for (const { kept, folder } of scores) await linkFiles(kept, join(partial, folder));
    const folders = scores.map(({ folder }) => join(partial, folder));
    for (const name of [TABLES_FOLDER, FIGURES_FOLDER]) await makeFolder(join(partial, name));
    const sets = await openReportSets(folders, true);
    await giveSets(sets, given);
    const input = { sets, compared, options };
    const figureOf = figureMaker(input);
    const drawn = { figures: figures.map(toFigure), figureOf, out: join(partial, FIGURES_FOLDER) };
    const problems = await plotFigures(drawn, options);
    failures.push(...problems.map((error) => ({ error })));
    results = {
      ...found,
      failures: [...found.failures, ...problems.map(({ code }) => ({ code }))],
    };
    for (const table of studyTables(results)) {
      for (const [name, text] of Object.entries(tableFiles(table, results.name))) {
        await writeWhole(join(partial, TABLES_FOLDER, name), text, { sync: false });
      }
    }
    await writeWhole(join(partial, STUDY_FILE), toJson(results), { sync: false });
    const { title = results.name } = results;
    await fillReport({ input, figureOf, title, out: join(partial, REPORT_FILE) });
    const lock: Lock = {
      format: 'patchml-study-lock',
      version: 1,
      name: results.name,
      key,
      files: await digestsOf(partial),
    };
    await writeWhole(join(partial, LOCK_FILE), toJson(lock), { sync: false });
  };
  await buildFolder(out, fill, { kind: STUDY });
  return { results, failures };
}

function toFigure(figure: StudyFields['figures'][number]): PlotFiguresInput['figures'][number] {
  if (typeof figure === 'string') return { figure };
  const { figure: name, choice, ...options } = figure;
  return { figure: name, choice, options };
}

/** Gives files a second name, or copies them where the file system has no such names. */
async function linkFiles(from: string, to: string): Promise<void> {
  await makeFolder(to);
  for (const { path } of await listFiles(from, () => true)) {
    await makeFolder(dirname(join(to, path)));
    if (!tryLink(join(from, path), join(to, path))) {
      await copyWhole(join(from, path), join(to, path));
    }
  }
}

async function digestsOf(folder: string): Promise<Record<string, string>> {
  const files = await listFiles(folder, (name) => name !== NOTE_FILE);
  const sorted = files.map(({ path }) => path).sort(byteOrder);
  return Object.fromEntries(sorted.map((path) => [path, sha256File(join(folder, path))]));
}
