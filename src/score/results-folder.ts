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

/** What a folder of one kind of results holds. */
export interface ResultsForm {
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
export interface Results {
  /** The content of the main file. */
  main: object;
  /** Text, by name. */
  texts: Readonly<Record<string, string>>;
  /** Files to copy, by the name they get. */
  copies?: Readonly<Record<string, string>> | undefined;
}

/**
 * Writes results, all or nothing, in place of earlier ones of their form.
 *
 * @throws OutputError where the folder cannot be written, or holds something else
 */
export async function writeResults(
  folder: string,
  form: ResultsForm,
  { main, texts, copies = {} }: Results,
): Promise<void> {
  await requireResultsPlace(folder, form);
  const fill = async (partial: string): Promise<void> => {
    for (const [name, path] of Object.entries(copies)) await copyWhole(path, join(partial, name));
    for (const [name, text] of Object.entries(texts)) await writeWhole(join(partial, name), text);
    await writeWhole(join(partial, form.main), toJson(main));
  };
  await buildFolder(folder, fill, { kind: kindOf(form) });
}

/**
 * Checks that results may go to a folder: it holds nothing, or earlier ones of this form and no
 * other file.
 *
 * @throws OutputError with the form's code, or `output-is-link`
 */
export async function requireResultsPlace(folder: string, form: ResultsForm): Promise<void> {
  await requirePlace(folder, kindOf(form));
  await requireNoLink(folder);
}

function kindOf({ what, main, format, others, code }: ResultsForm): OutputKind {
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
