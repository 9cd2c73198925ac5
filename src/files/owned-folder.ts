import { copyFile, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ErrorCode, OutputError } from '../errors.js';
import { explainError } from './file-errors.js';
import { buildFolder, partialFolder, replacedFolder, toJson } from './folders.js';
import { writeWhole } from './output-file.js';
import { readRegularText } from './read-file.js';

/** What a folder of one kind of report holds. */
export interface ReportForm {
  /** The JSON file that says of itself what it is. */
  main: string;
  /** Its `format`. */
  format: string;
  /** The names of the other files, some of which may be absent. */
  others: readonly string[];
  /** What a folder with other content is refused with. */
  code: ErrorCode;
}

/** What goes into such a folder. */
export interface Report {
  /** The content of the main file. */
  main: object;
  /** Text, by name. */
  texts: Readonly<Record<string, string>>;
  /** Files to copy, by the name they get. */
  copies?: Readonly<Record<string, string>> | undefined;
}

/**
 * Writes a report, all or nothing, in place of an earlier one of its form.
 *
 * @throws OutputError where the folder cannot be written, or holds something else
 */
export async function writeReport(
  folder: string,
  form: ReportForm,
  { main, texts, copies = {} }: Report,
): Promise<void> {
  const place = resolve(folder); // "out/" and "out" have one folder beside them
  await requireReportPlace(place, form);
  await buildFolder(place, async (partial) => {
    for (const name of await readdir(partial)) await rm(join(partial, name));
    for (const [name, path] of Object.entries(copies)) {
      await copyFile(path, join(partial, name));
    }
    for (const [name, text] of Object.entries(texts)) await writeWhole(join(partial, name), text);
    await writeWhole(join(partial, form.main), toJson(main));
  });
}

/**
 * Checks that a report may go to a folder: it, and those beside it that are used on the way, are
 * absent, empty or hold nothing but a report of this form.
 *
 * @throws OutputError with the form's code
 */
export async function requireReportPlace(folder: string, form: ReportForm): Promise<void> {
  const place = resolve(folder);
  const names = await requireOurNames(folder, form);
  if (names.length > 0) {
    if (!names.includes(form.main)) throw notOurs(folder, names[0]!, form);
    if ((await readFormat(join(folder, form.main))) !== form.format)
      throw notOurs(folder, form.main, form);
  }
  await requireOurNames(replacedFolder(place), form);
  await requireOurNames(partialFolder(place), form, '.tmp');
}

async function requireOurNames(
  folder: string,
  form: ReportForm,
  unfinished = '',
): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw explainError(error, folder);
  });
  const ours = [form.main, ...form.others].flatMap((name) => [name, `${name}${unfinished}`]);
  const strange = names.find((name) => !ours.includes(name));
  if (strange !== undefined) throw notOurs(folder, strange, form);
  return names;
}

async function readFormat(path: string): Promise<unknown> {
  try {
    return (JSON.parse(await readRegularText(path)) as { format?: unknown } | null)?.format;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function notOurs(folder: string, name: string, { format, code }: ReportForm): OutputError {
  return new OutputError(`this folder holds ${name}, which is of no ${format}`, {
    code,
    path: folder,
    fix: 'name another --out, or move it away',
  });
}
