import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '../errors.js';
import { parseJson, toJson } from '../files/json.js';
import { copyWhole, UNFINISHED, writeWhole } from '../files/output-file.js';
import {
  buildFolder,
  type OutputKind,
  requireNoLink,
  requirePlace,
} from '../files/output-folder.js';
import { readRegularText } from '../files/read-file.js';
import { isMapping } from '../files/yaml.js';

/** What a folder of one kind of report holds. */
export interface ReportForm {
  /** What it is, in messages: `a scorecard`. */
  what: string;
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
  await requireReportPlace(folder, form);
  const fill = async (partial: string): Promise<void> => {
    for (const [name, path] of Object.entries(copies)) await copyWhole(path, join(partial, name));
    for (const [name, text] of Object.entries(texts)) await writeWhole(join(partial, name), text);
    await writeWhole(join(partial, form.main), toJson(main));
  };
  await buildFolder(folder, fill, { kind: kindOf(form) });
}

/**
 * Checks that a report may go to a folder: it holds nothing, or an earlier one of this form and no
 * other file.
 *
 * @throws OutputError with the form's code, or `output-is-link`
 */
export async function requireReportPlace(folder: string, form: ReportForm): Promise<void> {
  await requirePlace(folder, kindOf(form));
  await requireNoLink(folder);
}

function kindOf({ what, main, format, others, code }: ReportForm): OutputKind {
  const ours = [main, ...others];
  const started = ours.flatMap((name) => [name, `${name}${UNFINISHED}`]);
  return {
    what,
    code,
    foreign: async (folder, names) => {
      const other = names.find((name) => !ours.includes(name));
      if (other !== undefined) return other;
      return (await formatOf(folder, main)) === format ? undefined : names[0];
    },
    foreignUnfinished: (_, names) => names.find((name) => !started.includes(name)),
  };
}

/** What the main file of a folder says it is; undefined where there is none, or it is no JSON. */
async function formatOf(folder: string, main: string): Promise<unknown> {
  if (!(await readdir(folder)).includes(main)) return undefined;
  const content = parseJson(await readRegularText(join(folder, main)));
  return isMapping(content) ? content['format'] : undefined;
}
