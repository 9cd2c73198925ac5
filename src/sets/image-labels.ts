import { parse } from 'csv-parse/sync';
import { EvaluationError } from '../errors.js';
import { isMapping } from '../files/yaml.js';
import { imageName } from '../imagenet/images.js';
import type { ClassIndex } from '../imagenet/synsets.js';
import { shownValue, type LabelPlace, parseClasses, parseLabelJson } from './label-file.js';

/** The labels of one image file. */
export interface ImageLabels {
  /** As given: a path from the folder of images. */
  file: string;
  /** Ascending, each once; none means "not annotated". */
  labels: readonly ClassIndex[];
}

/** What the columns are called, the likeliest first. */
const FILE_NAMES = ['file_name', 'file', 'filename'] as const;
const LABEL_NAMES = ['labels', 'label'] as const;

/** Whether a text is a list of files and labels, be they right or not: JSON, or CSV with our header. */
export function isImageLabels(text: string): boolean {
  if (/^\s*[[{]/.test(text)) return true;
  const header = text.slice(0, 1000).split(/\r?\n/)[0]!.split(',');
  return FILE_NAMES.some((name) => header.includes(name));
}

/**
 * Takes the labels from JSON, JSON Lines or CSV.
 * @throws EvaluationError that names the entry, line or row
 */
export function parseImageLabels(text: string, path: string): ImageLabels[] {
  if (!/^\s*[[{]/.test(text) && !/\.jsonl?$/.test(path)) return parseImageLabelsCsv(text, path);
  return isJsonLines(text, path)
    ? parseImageLabelsLines(text, path)
    : parseImageLabelsJson(parseLabelJson(text, path), path);
}

/** Whether each line is JSON of its own, as in a dataset's `metadata.jsonl`. */
export function isJsonLines(text: string, path: string): boolean {
  if (path.endsWith('.jsonl')) return true;
  const [first = '', second = ''] = text.trimStart().split(/\r?\n/, 2);
  return /^\{.*\}\s*$/.test(first) && second.trimStart().startsWith('{');
}

/**
 * Takes the labels from JSON: `{file: label | [labels]}`, or a list of `{file, labels}`. A label is
 * a class index or a wnid; `file_name` or `filename`, and `label`, are taken too.
 * @throws EvaluationError that names the entry
 */
export function parseImageLabelsJson(json: object, path: string): ImageLabels[] {
  const entries: Entry[] = Array.isArray(json)
    ? json.map((entry: unknown, index): Entry => ({
        at: { path, place: `entry ${index} (counted from 0)` },
        ...fieldsOf(entry),
      }))
    : Object.entries(json as Record<string, unknown>).map(([file, labels]) => ({
        at: { path, place: shownValue(file) },
        file,
        labels,
      }));
  return requireDistinct(entries.map(toImageLabels), path);
}

/** One entry, as the file has it. */
interface Entry {
  at: LabelPlace;
  file: unknown;
  labels: unknown;
}

function fieldsOf(entry: unknown): Pick<Entry, 'file' | 'labels'> {
  const fields = isMapping(entry) ? entry : {};
  const [file] = FILE_NAMES.filter((name) => name in fields).map((name) => fields[name]);
  const [labels] = LABEL_NAMES.filter((name) => name in fields).map((name) => fields[name]);
  return { file, labels };
}

/** Takes the labels from JSON Lines: `{file_name, labels}` in each. */
function parseImageLabelsLines(text: string, path: string): ImageLabels[] {
  const entries = text.split('\n').flatMap((line, index): Entry[] => {
    const place = `line ${index + 1}`;
    if (line.trim() === '') return [];
    return [{ at: { path, place }, ...fieldsOf(parseLabelJson(line, path, place)) }];
  });
  return requireDistinct(entries.map(toImageLabels), path);
}

/**
 * Takes the labels from CSV with the header `file,labels`, several labels being separated by spaces
 * or semicolons; `file_name` or `filename`, `label`, and further columns are taken too.
 * @throws EvaluationError that names the row
 */
export function parseImageLabelsCsv(text: string, path: string): ImageLabels[] {
  const [header = [], ...rows] = parseCsv(text, path);
  const file = columnOf(header, FILE_NAMES);
  const label = columnOf(header, LABEL_NAMES);
  if (file === -1 || label === -1) {
    throw new EvaluationError(
      `this is not a labels file: expected JSON, or CSV with the header "file,labels", got ${shownValue(text)}`,
      {
        code: 'labels-unknown-form',
        path,
        fix: "pass ReaL's real.json, human_accuracy_v3.0.0.json, or files and their labels; a LOC_val_solution.csv or a devkit ground truth belongs to --originals",
      },
    );
  }
  const images = rows.map((row, index) => {
    const at = { path, place: `row ${index + 2}` };
    if (row.length !== header.length) {
      throw new EvaluationError(`expected ${header.length} columns, got ${row.length}`, {
        code: 'labels-csv-columns',
        ...at,
        fix: 'separate labels by spaces or semicolons',
      });
    }
    const labels = row[label]!.split(/[\s;]+/).filter((text) => text !== '');
    return toImageLabels({ at, file: row[file], labels });
  });
  return requireDistinct(images, path);
}

function columnOf(header: readonly string[], names: readonly string[]): number {
  return header.indexOf(names.find((name) => header.includes(name)) ?? '-');
}

function parseCsv(text: string, path: string): string[][] {
  try {
    return parse(text, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: 1 << 20,
    });
  } catch (cause) {
    throw new EvaluationError(`this is not CSV: ${(cause as Error).message}`, {
      code: 'labels-not-csv',
      path,
      cause,
    });
  }
}

function toImageLabels({ at, file, labels }: Entry): ImageLabels {
  if (typeof file !== 'string' || !isPathInside(file)) {
    throw new EvaluationError(
      `expected the path of an image from its folder, got ${shownValue(file)}`,
      { code: 'labels-file-name', ...at, fix: 'name files such as "a.jpg" or "folder/a.jpg"' },
    );
  }
  return { file, labels: parseClasses(Array.isArray(labels) ? labels : [labels], at) };
}

/** A path that leads nowhere else: no `..`, not absolute, no backslash or control character. */
function isPathInside(file: string): boolean {
  if (/[\\\p{Cc}\p{Cs}]/u.test(file)) return false;
  return file.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function requireDistinct(images: ImageLabels[], path: string): ImageLabels[] {
  if (images.length === 0) {
    throw new EvaluationError('it lists no images', { code: 'labels-empty', path });
  }
  const seen = new Set<string>();
  for (const { file } of images) {
    const id = imageName(file);
    if (seen.has(id)) {
      throw new EvaluationError(`${shownValue(file)} is listed twice`, {
        code: 'labels-duplicate-file',
        path,
        fix: 'list each image once, whatever its extension',
      });
    }
    seen.add(id);
  }
  return images;
}
