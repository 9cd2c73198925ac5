import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { MAX_CLASSES } from './check-rows.js';
import { problemIn, unreadable } from './prediction-errors.js';

/** Characters of a row: as many classes as there can be, 40 characters each. */
const MAX_RECORD = 40 * MAX_CLASSES;

/**
 * Reads a CSV file a row at a time, the header with the others; each must have as many fields as
 * the first.
 * @throws EvaluationError `predictions-ragged`, `predictions-unreadable`
 */
export async function* csvRecords(path: string): AsyncGenerator<string[]> {
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
  let width: number | undefined;
  let row = -1;
  try {
    for await (const record of records as AsyncIterable<string[]>) {
      width ??= record.length;
      if (record.length !== width) throw ragged(path, row, width, record.length);
      row += 1;
      yield record;
    }
  } catch (error) {
    throw unreadable(error, path, `this is not CSV, after row ${row}`);
  } finally {
    file.destroy();
  }
}

function ragged(path: string, before: number, expected: number, got: number): Error {
  return problemIn(path, 'predictions-ragged', `expected ${expected} fields, got ${got}`, {
    place: `row ${before} (from 0)`,
    fix: 'give every row as many values',
  });
}
