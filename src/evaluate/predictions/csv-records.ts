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
    throw unreadable(error, path, `this is not CSV, after row ${row}`);
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
    fix: 'give every row as many values',
  });
}
