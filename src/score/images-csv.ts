import { parse } from 'csv-parse/sync';
import { EvaluationError } from '../errors.js';
import type { LabelSet, PerImage, TopClasses } from '../metrics/index.js';
import { csvLine } from '../text.js';

/** The columns after `id`, with the scores they hold. */
const COLUMNS = {
  k: 'k',
  top1: 'top1',
  top5: 'top5',
  real: 'real',
  variable_top_k: 'variableTopK',
  any: 'any',
  exact: 'exact',
} as const satisfies Record<string, Exclude<keyof PerImageScores, 'ids' | 'top'>>;

const HEAD = ['id', ...Object.keys(COLUMNS), 'classes'];

/** `images.csv`: one row per image in the set's order, empty where a score is not defined. */
export function writeImagesCsv(perImage: PerImageScores): string {
  const columns = Object.values(COLUMNS).map((name) => perImage[name]);
  const lines = perImage.ids.map((id, image) =>
    csvLine([
      id,
      ...columns.map((values) => textOf(values[image]!)),
      classesText(perImage.top, image),
    ]),
  );
  return csvLine(HEAD) + lines.join('');
}

/**
 * Reads `images.csv` back, to the last bit.
 *
 * @param path as errors name it
 * @throws EvaluationError `scores-invalid` where it is not such a file
 */
export function parseImagesCsv(text: string, path: string): PerImageScores {
  const [head, ...rows] = parseRows(text, path);
  if (head?.join() !== HEAD.join()) throw invalid(path, `expected the columns ${HEAD.join()}`);
  const numbers = Object.keys(COLUMNS).map((name, at) =>
    Float64Array.from(rows, (row, index) => numberOf(row[at + 1]!, path, name, index)),
  );
  const [k, top1, top5, real, variableTopK, any, exact] = numbers as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const ids = rows.map(([id]) => id!);
  const top = topOf(rows.map((row) => row.at(-1)!));
  return { ids, k: Uint32Array.from(k), top1, top5, real, variableTopK, any, exact, top };
}

/** The predicted classes, best first: `281 282 285`. */
function classesText({ classes, n }: TopClasses, image: number): string {
  return classes.subarray(image * n, (image + 1) * n).join(' ');
}

function topOf(texts: readonly string[]): TopClasses {
  const n = texts[0]?.split(' ').length ?? 0;
  const classes = new Uint16Array(texts.length * n);
  for (const [image, text] of texts.entries()) {
    let at = image * n;
    for (const label of text.split(' ')) classes[at++] = Number(label);
  }
  return { classes, images: texts.length, n };
}

function textOf(value: number): string {
  return Number.isNaN(value) ? '' : String(value);
}

function numberOf(text: string, path: string, column: string, row: number): number {
  const value = text === '' ? NaN : Number(text);
  if (text !== '' && !Number.isFinite(value)) {
    throw invalid(path, `expected a number or nothing, got "${text}"`, `row ${row + 1}, ${column}`);
  }
  return value;
}

function parseRows(text: string, path: string): string[][] {
  try {
    // Without quotes a comma and a line's end are nothing else, which takes half the time to read.
    return /["\r]/.test(text) ? parse(text) : splitRows(text);
  } catch (cause) {
    throw invalid(path, 'this is not a CSV file', undefined, cause);
  }
}

/** @throws Error where a row has more or fewer fields than the first */
function splitRows(text: string): string[][] {
  const rows = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.split(','));
  const fields = rows[0]!.length;
  const odd = rows.findIndex((row) => row.length !== fields);
  if (odd >= 0) throw new Error(`expected ${fields} fields in line ${odd + 1}`);
  return rows;
}

function invalid(path: string, problem: string, place?: string, cause?: unknown): EvaluationError {
  const fix = 'score again with "patchml score"';
  return new EvaluationError(problem, { code: 'scores-invalid', path, place, fix, cause });
}

/**
 * What is kept of each image beside a scorecard, so that models and sets can be compared: in the
 * set's order, `NaN` where a score is not defined.
 */
export interface PerImageScores {
  ids: readonly string[];
  /** The number of labels. */
  k: Uint32Array;
  top1: PerImage;
  top5: PerImage;
  real: PerImage;
  variableTopK: PerImage;
  /** Variable top-k under the rule `any`. */
  any: PerImage;
  /** Variable top-k under the rule `exact`. */
  exact: PerImage;
  /** The predicted classes: 5, or as many as an image has labels, or as there are ranks. */
  top: TopClasses;
}

/** A label set of which only the numbers of labels are known, which is what ASMA asks for. */
export function labelSetOfCounts(counts: Uint32Array, classCount: number): LabelSet {
  const offsets = new Uint32Array(counts.length + 1);
  counts.forEach((k, image) => {
    offsets[image + 1] = offsets[image]! + k;
  });
  return { offsets, classes: new Uint16Array(0), classCount };
}
