import type { PredictionRows, PredictionSource } from '../prediction-source.js';
import { requireShape, requireValid, rowsPerBatch } from './check-rows.js';
import { csvRecords } from './csv-records.js';
import type { PredictionOptions } from './prediction-options.js';
import { predictionColumns, type PredictionColumns } from './prediction-columns.js';
import { problemIn } from './prediction-errors.js';

/**
 * Opens a table of text, one row an image. It is read through once here, for its ids, and again
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
    }
  }
  if (columns === undefined) throw problemIn(path, 'predictions-empty', 'there is no header row');
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

/** A column without a name that counts the rows is no column of ids. */
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
      { place: `row ${row}, ${what} ${at} (from 0)`, fix: 'check what made it' },
    );
  }
}
