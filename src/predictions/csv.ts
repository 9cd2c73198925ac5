import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { predictionColumns, type PredictionColumns } from './columns.js';
import {
  MAX_CLASSES,
  type PredictionOptions,
  type PredictionRows,
  type PredictionSource,
  problemIn,
  requireFewImages,
  requireShape,
  requireValid,
  rowsPerBatch,
  unreadable,
} from './source.js';

/**
 * Opens a table of text, one row per image. It is read through once here, for its ids, and again
 * each time the batches are.
 */
export async function readCsvPredictions(
  path: string,
  options: PredictionOptions,
): Promise<PredictionSource> {
  let columns: PredictionColumns | undefined;
  let images = 0;
  const ids: string[] = [];
  for await (const record of csvRecords(path)) {
    if (columns === undefined) {
      columns = predictionColumns(
        record.map((name) => name.trim()),
        path,
        options,
      );
    } else {
      ids.push(copyOf(record[columns.id ?? columns.index ?? -1] ?? ''));
      images += 1;
      requireFewImages(images, path);
    }
  }
  if (columns === undefined) throw problemIn(path, 'predictions-empty', 'it has no header row');
  const { kind, values } = columns;
  requireShape(images, values.length, path);
  return {
    kind,
    images,
    width: values.length,
    ids: hasIds(columns, ids) ? ids : undefined,
    path,
    batches: () => valuesIn(path, kind, values),
  };
}

/** A text of its own: a part of another keeps all of that in memory. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

/** A column without a name that counts the rows is not a column of ids. */
function hasIds({ id, index }: PredictionColumns, ids: readonly string[]): boolean {
  if (id !== undefined) return true;
  return index !== undefined && ids.some((text, row) => text !== String(row));
}

async function* valuesIn(
  path: string,
  kind: PredictionSource['kind'],
  columns: readonly number[],
): AsyncGenerator<PredictionRows> {
  const width = columns.length;
  const ranked = kind === 'ranked';
  const step = rowsPerBatch(width, ranked ? 4 : 8);
  const makeBatch = (): PredictionRows =>
    ranked ? new Int32Array(step * width) : new Float64Array(step * width);
  let batch = makeBatch();
  let rows = -1; // the header
  let first = 0;
  for await (const record of csvRecords(path)) {
    if (rows >= 0) fillRow(batch, rows * width, record, columns, first + rows, path);
    rows += 1;
    if (rows < step) continue;
    requireValid(batch, width, first, path);
    yield batch;
    first += rows;
    rows = 0;
    batch = makeBatch();
  }
  const rest = batch.subarray(0, rows * width);
  requireValid(rest, width, first, path);
  if (rows > 0) yield rest;
}

function fillRow(
  batch: PredictionRows,
  start: number,
  record: readonly string[],
  columns: readonly number[],
  row: number,
  path: string,
): void {
  for (let at = 0; at < columns.length; at += 1) {
    const text = record[columns[at]!]!;
    const value = Number(text);
    batch[start + at] = value;
    if (batch[start + at] === value && (value !== 0 || text.trim() !== '')) continue;
    const expected = batch instanceof Int32Array ? 'a class index' : 'a finite score';
    const what = batch instanceof Int32Array ? 'rank' : 'class';
    throw problemIn(
      path,
      batch instanceof Int32Array ? 'predictions-not-a-class' : 'predictions-not-finite',
      `expected ${expected}, got "${text.slice(0, 40)}"`,
      { place: `row ${row}, ${what} ${at} (from 0)`, fix: 'check the program that wrote it' },
    );
  }
}

/** Characters of a row: as many classes as there can be, 40 characters each. */
const MAX_RECORD = 40 * MAX_CLASSES;

/**
 * Reads a CSV file a row at a time, the header with the others; each must have as many fields as
 * the first.
 * @throws EvaluationError `predictions-ragged`, `predictions-unreadable`
 */
async function* csvRecords(path: string): AsyncGenerator<string[]> {
  let width: number | undefined;
  let row = -1; // the header
  try {
    for await (const record of allRecords(path)) {
      width ??= record.length;
      if (record.length !== width) throw ragged(path, row, width, record.length);
      row += 1;
      yield record;
    }
  } catch (error) {
    throw unreadable(error, path, `this is not CSV after row ${row}`);
  }
}

/** Without a parser as far as no field is quoted: a large table of numbers in a third of the time. */
async function* allRecords(path: string): AsyncGenerator<string[]> {
  let plain = 0;
  for await (const line of plainLines(path)) {
    if (line === undefined) {
      yield* parsedRecords(path, plain);
      return;
    }
    plain += 1;
    yield line.split(',');
  }
}

/** The lines that hold something; undefined, and no more, where quotes or old line ends begin. */
async function* plainLines(path: string): AsyncGenerator<string | undefined> {
  const file = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 });
  let rest = '';
  let first = true;
  for await (const chunk of file as AsyncIterable<string>) {
    const text = first ? chunk.replace(/^\ufeff/, '') : rest + chunk;
    first = false;
    const lines = text.split('\n');
    rest = lines.pop() ?? '';
    for (const ended of lines) {
      const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended;
      if (line !== '') yield plainOnly(line);
    }
    if (rest.length > MAX_RECORD) yield plainOnly(rest); // which throws, or ends it
  }
  if (rest !== '') yield plainOnly(rest);
}

function plainOnly(line: string): string | undefined {
  if (line.includes('"') || line.includes('\r')) return undefined;
  if (line.length <= MAX_RECORD) return line;
  throw new RangeError(`a row is over ${MAX_RECORD} characters long`);
}

/** All records but the first ones. */
async function* parsedRecords(path: string, skip: number): AsyncGenerator<string[]> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const records = file.pipe(
    parse({
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_RECORD,
    }),
  );
  file.on('error', (error) => records.destroy(error));
  let at = 0;
  try {
    for await (const record of records as AsyncIterable<string[]>) {
      if (at >= skip) yield record;
      at += 1;
    }
  } finally {
    file.destroy();
  }
}

function ragged(path: string, before: number, expected: number, got: number): Error {
  return problemIn(path, 'predictions-ragged', `expected ${expected} fields, got ${got}`, {
    place: `row ${before} (from 0)`,
    fix: 'write every row with the same number of values',
  });
}
