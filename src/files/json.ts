import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import type { PatchmlError } from '../errors.js';
import { DatasetError } from '../errors.js';
import { exists } from './folders.js';
import { byteOrder } from './listing.js';
import { type ByteRange, readRegularText, readTextLines } from './read-file.js';

/** JSON as patchml writes it: two spaces, a newline at the end. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What a text says as JSON; undefined where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return parseSmallJson(text);
  } catch {
    return undefined;
  }
}

/** Lists and objects of a text. An empty one is two bytes there, and fifty in memory. */
const MAX_CONTAINERS = 2e6;

/** `JSON.parse`, which a text of lists and objects alone would have fill the memory. @throws Error */
export function parseSmallJson(text: string): unknown {
  let containers = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) containers += 1; // [ and {
  }
  if (containers <= MAX_CONTAINERS) return JSON.parse(text);
  throw new RangeError(`it has ${containers} lists and objects, more than ${MAX_CONTAINERS}`);
}

const FLUSH_AT = 1 << 16;

/**
 * Reads a JSON Lines file a row at a time.
 * @throws DatasetError `stage-missing` where there is no such file, `not-json-lines` with the line
 * number where a line is not JSON; OutputError where the file system fails
 */
export async function* readJsonLines(path: string): AsyncGenerator {
  for await (const { value } of readSizedJsonLines(path)) yield value;
}

/**
 * {@link readJsonLines} with the bytes of each line.
 * @param range of bytes that begins and ends with a line. Default: all
 */
export async function* readSizedJsonLines(
  path: string,
  range?: ByteRange,
): AsyncGenerator<{ value: unknown; bytes: number }> {
  let number = 0;
  try {
    for await (const line of readTextLines(path, range)) {
      number += 1;
      yield { value: parseLine(line, path, number), bytes: Buffer.byteLength(line) };
    }
  } catch (error) {
    throw explainAbsent(error, path, 'recreate this folder');
  }
}

/**
 * The error for a file of a stage's folder that is absent; any other error as it is.
 * @param Failure the error of the wing that the folder belongs to
 */
export function explainAbsent(
  cause: unknown,
  path: string,
  fix: string,
  Failure: typeof PatchmlError = DatasetError,
): unknown {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (!['enoent', 'enotdir'].includes(code.toLowerCase())) return cause;
  return new Failure(`${basename(path)} is missing`, {
    code: 'stage-missing',
    path: dirname(path),
    fix,
    cause,
  });
}

/** A JSON Lines file being written. */
export interface JsonLinesWriter {
  /** Adds a row; it is on its way to the disk after `flush` or `close`. @returns its bytes */
  write(row: unknown): Promise<number>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a JSON Lines file to overwrite (`w`) or to append to (`a`). */
export async function writeJsonLines(
  path: string,
  flags: 'w' | 'a' = 'w',
): Promise<JsonLinesWriter> {
  const file = await open(path, flags);
  let pending = '';
  const flush = async (): Promise<void> => {
    const text = pending;
    pending = '';
    if (text !== '') await file.appendFile(text);
  };
  return {
    async write(row) {
      const line = `${JSON.stringify(row)}\n`;
      pending += line;
      if (pending.length >= FLUSH_AT) await flush();
      return Buffer.byteLength(line);
    },
    flush,
    async close() {
      try {
        await flush();
      } finally {
        await file.close();
      }
    },
  };
}

function parseLine(line: string, path: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new DatasetError('expected one JSON value on this line', {
      code: 'not-json-lines',
      path,
      place: `line ${number}`,
      fix: 'recreate this folder',
      cause,
    });
  }
}

/** The fields of a summary: its format, and others. */
type SummaryShape = z.ZodRawShape & { format: z.ZodLiteral<string> };

/**
 * Reads the JSON file that says what a stage's folder is.
 * @param schema what it must be; its `format` names the kind of folder
 * @param command what makes such a folder, named in the error
 * @param Failure the error of the wing that the folder belongs to
 * @throws PatchmlError `stage-missing` where it is absent, `stage-invalid` where it is another
 */
export async function readSummary<Shape extends SummaryShape>(
  folder: string,
  file: string,
  schema: z.ZodObject<Shape>,
  command: string,
  Failure: typeof PatchmlError = DatasetError,
): Promise<z.output<z.ZodObject<Shape>>> {
  const path = join(folder, file);
  let text: string;
  try {
    text = await readRegularText(path);
  } catch (cause) {
    const meant = await nearbyWith(file, folder);
    const fix = meant ? `did you mean "${meant}"?` : `create it with "${command}"`;
    throw explainAbsent(cause, path, fix, Failure);
  }
  const summary = schema.safeParse(parseJson(text));
  if (summary.success) return summary.data;
  const { path: field, message } = summary.error.issues[0]!;
  const isOther = field.length === 0 || field[0] === 'format';
  throw new Failure(isOther ? `expected a ${schema.shape.format.value}` : message, {
    code: 'stage-invalid',
    path,
    place: field.map(String).join('.') || undefined,
    fix: `recreate it with "${command}"`,
  });
}

/** What else a folder may be known by: a release holds its dataset below it. */
const RELEASE_FILE = 'release.json';
/** Names of a folder that are looked at, to tell what was meant. */
const MAX_NAMES = 1000;

/** The folder below or above one, in that order, that has a file; a level was forgotten, or is too many. */
async function nearbyWith(file: string, folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const below = names.sort(byteOrder).slice(0, MAX_NAMES);
  for (const near of [...below.map((name) => join(folder, name)), dirname(resolve(folder))]) {
    for (const name of [file, RELEASE_FILE]) {
      if (await exists(join(near, name)).catch(() => false)) return near; // near is a file
    }
  }
  return undefined;
}

/**
 * The first key that an object has twice, of which JSON.parse keeps the last value silently.
 * @param text JSON that JSON.parse takes
 */
export function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // undefined: a list
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    if (character !== '"') continue;
    const start = at;
    at = endOfString(text, start);
    if (!isKey(text, at)) continue;
    const key = JSON.parse(text.slice(start, at + 1)) as string;
    const keys = open.at(-1);
    if (keys?.has(key)) return key;
    keys?.add(key);
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (' \t\n\r'.includes(text[at] ?? '-')) at += 1;
  return text[at] === ':';
}
