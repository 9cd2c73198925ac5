import type { SchemaElement } from 'hyparquet';
import { explainError } from '../../errors.js';
import { parquetColumns, type ParquetColumn } from './parquet-columns.js';
import { type ParquetFile, withParquet } from './parquet-file.js';
import { openParquetOutput, type OutputColumn } from './parquet-output.js';
import { problemIn } from './prediction-errors.js';

/** A column: texts, numbers of which NaN means none, or whole numbers. */
export type TableColumn = readonly string[] | Float64Array | Int32Array;

/** Columns of one length, by their names. */
export type Table = Readonly<Record<string, TableColumn>>;

const GROUP_ROWS = 10_000;

/**
 * Writes a table, such as what was measured for each image, as Parquet; NaN becomes null.
 * @throws RangeError where columns are of several lengths
 */
export async function writeTableParquet(path: string, table: Table): Promise<void> {
  const columns = Object.entries(table);
  const rows = columns[0]?.[1].length ?? 0;
  for (const [name, { length }] of columns) {
    if (length !== rows)
      throw new RangeError(`expected ${rows} values in "${name}", got ${length}`);
  }
  const output = await openParquetOutput(
    path,
    columns.map(([name, values]) => elementOf(name, values)),
  );
  try {
    for (let row = 0; row < rows; row += GROUP_ROWS) {
      await output.writeGroup(columns.map((column) => sliceColumn(column, row, row + GROUP_ROWS)));
    }
  } catch (error) {
    await output.discard();
    throw error;
  }
  await output.close();
}

/**
 * Reads what {@link writeTableParquet} wrote; null becomes NaN.
 * @throws EvaluationError `predictions-unreadable`, or `predictions-bad-dtype` for other columns
 */
export async function readTableParquet(path: string): Promise<Record<string, TableColumn>> {
  try {
    return await withParquet(path, async (file) => {
      const table: [string, TableColumn][] = [];
      for (const column of parquetColumns(file.metadata)) {
        table.push([column.name, await readColumn(file, column, path)]);
      }
      return Object.fromEntries(table);
    });
  } catch (error) {
    throw explainError(error, path);
  }
}

function elementOf(name: string, values: TableColumn): SchemaElement {
  if (values instanceof Int32Array) return { name, type: 'INT32', repetition_type: 'REQUIRED' };
  if (values instanceof Float64Array) return { name, type: 'DOUBLE', repetition_type: 'OPTIONAL' };
  return {
    name,
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type: 'REQUIRED',
  };
}

function sliceColumn(
  [name, values]: [string, TableColumn],
  from: number,
  to: number,
): OutputColumn {
  if (values instanceof Int32Array) return { name, data: values.subarray(from, to) };
  if (!(values instanceof Float64Array)) return { name, data: values.slice(from, to) };
  const part = Array.from(values.subarray(from, to));
  return { name, data: part.map((value) => (Number.isNaN(value) ? null : value)) };
}

async function readColumn(
  file: ParquetFile,
  { name, list, type }: ParquetColumn,
  path: string,
): Promise<TableColumn> {
  if (list || type === 'float' || type === 'other') {
    throw problemIn(path, 'predictions-bad-dtype', 'expected text, doubles or int32', {
      place: `column "${name}"`,
    });
  }
  const values: unknown[] = [];
  for (const group of file.groups) {
    for (const value of Array.from(await file.readColumn(name, group))) values.push(value);
  }
  if (type === 'text') return values as string[];
  if (type === 'integer') return Int32Array.from(values as number[]);
  return Float64Array.from(values as (number | null)[], (value) => value ?? NaN);
}
