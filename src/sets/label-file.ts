import { EvaluationError } from '../errors.js';
import { parseSmallJson, repeatedKey } from '../files/json.js';
import { MAX_TEXT_BYTES, readRegularFile } from '../files/read-file.js';
import { type ClassIndex, classOf } from '../imagenet/synsets.js';
import { bytesText } from '../text.js';

/** Where in a file of labels something stands, as errors name it. */
export interface LabelPlace {
  path: string;
  place: string;
}

/**
 * The classes of a list of labels, ascending and each once. A label is a class index 0 to 999, as a
 * number or as text, or a wnid.
 * @throws EvaluationError `labels-not-a-list`, `labels-unknown-class`
 */
export function parseClasses(list: unknown, at: LabelPlace): ClassIndex[] {
  if (!Array.isArray(list)) {
    throw new EvaluationError(`expected a list of labels, got ${shownValue(list)}`, {
      code: 'labels-not-a-list',
      ...at,
    });
  }
  const classes = list.map((label: unknown) => parseClass(label, at));
  return [...new Set(classes)].sort((a, b) => a - b);
}

function parseClass(label: unknown, at: LabelPlace): ClassIndex {
  const index = typeof label === 'string' ? classOfText(label) : label;
  if (Number.isInteger(index) && Number(index) >= 0 && Number(index) <= 999) return Number(index);
  throw new EvaluationError(
    `expected a class index 0 to 999 or one of the 1,000 wnids, got ${shownValue(label)}`,
    { code: 'labels-unknown-class', ...at },
  );
}

function classOfText(label: string): ClassIndex | undefined {
  return /^\d{1,6}$/.test(label) ? Number(label) : classOf(label);
}

/**
 * The object or list that a text is in JSON.
 * @throws EvaluationError `labels-not-json`; `labels-duplicate-file` where an object has a key twice
 */
export function parseLabelJson(text: string, path: string, place?: string): object {
  let cause: unknown;
  try {
    const json = parseSmallJson(text);
    if (typeof json === 'object' && json !== null) {
      requireDistinctKeys(text, path, place);
      return json;
    }
  } catch (error) {
    if (error instanceof EvaluationError) throw error;
    cause = error;
  }
  throw new EvaluationError('expected a JSON object or list', {
    code: 'labels-not-json',
    path,
    place,
    fix: 'check that the file is complete',
    cause,
  });
}

/** Of two labels of one image, JSON.parse would keep the last without a word. */
function requireDistinctKeys(text: string, path: string, place: string | undefined): void {
  const key = repeatedKey(text);
  if (key === undefined) return;
  throw new EvaluationError(`${shownValue(key)} is listed twice`, {
    code: 'labels-duplicate-file',
    path,
    place,
    fix: 'list each image once',
  });
}

/** A value of a file as an error shows it: short, on one line. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  return String(value);
}

/**
 * Reads all of a label file, without its byte order mark.
 * @throws EvaluationError where it is not a file, is empty, larger than 64 MB, or not UTF-8
 */
export async function readLabelText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text.trim() !== '') return text;
  } catch (cause) {
    throw new EvaluationError('expected text in UTF-8', {
      code: 'labels-not-text',
      path,
      fix: 'save it as UTF-8',
      cause,
    });
  }
  throw new EvaluationError('this file is empty', { code: 'labels-empty', path });
}

function readBytes(path: string): Promise<Buffer> {
  return readRegularFile(path, {
    maxBytes: MAX_TEXT_BYTES,
    notAFile: () =>
      new EvaluationError('this is not a file', {
        code: 'labels-not-a-file',
        path,
        fix: 'pass a file; for a folder of images, use --dataset or --images',
      }),
    tooLarge: () =>
      new EvaluationError(`this file is larger than ${bytesText(MAX_TEXT_BYTES)}`, {
        code: 'labels-too-large',
        path,
        fix: 'check that it is the right file',
      }),
  });
}
