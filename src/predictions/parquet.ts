import {
  bytesInGroup,
  type ParquetColumn,
  parquetColumns,
  type ParquetFile,
  usingParquet,
  valuesInGroup,
  type RefuseParquet,
  withParquet,
} from '../files/parquet.js';
import { findIdColumn, predictionColumns } from './columns.js';
import {
  type PredictionOptions,
  type PredictionRows,
  type PredictionSource,
  problemIn,
  requireFewImages,
  requireShape,
  requireValid,
  rowsPerBatch,
} from './source.js';

/** What a column of lists of scores is called, the likeliest first. */
const LIST_NAMES = ['logits', 'probs', 'scores', 'predictions'];

/** A row group is held in memory: of a table so many values, which take half a gigabyte at most. */
const MAX_GROUP_VALUES = 2 ** 26;

/** A value of a list takes five times as much: of few bytes no more are made than these. */
const MAX_LIST_VALUES = 2 ** 24;

/** What of a file holds the predictions: one column of lists, or one column per value. */
interface Layout {
  kind: PredictionSource['kind'];
  columns: string[];
  list: boolean;
  /** What batches are made of. */
  make: (length: number) => PredictionRows;
  id: string | undefined;
  width: number;
}

/**
 * Opens a Parquet table, one row per image: a column of lists (as patchml's own prediction sets
 * have), or one column per class or rank. Only ids are read here.
 */
export async function readParquetPredictions(
  path: string,
  options: PredictionOptions,
): Promise<PredictionSource> {
  const refuse: RefuseParquet = (kind, problem, details) =>
    problemIn(path, `predictions-${kind}`, problem, { ...details, fix: 'write it again' });
  const read = async (file: ParquetFile): Promise<PredictionSource> => {
    const layout = layoutOf(file, path, options);
    const { kind, width, id } = layout;
    const images = Number(file.metadata.num_rows);
    requireShape(images, width, path);
    requireFewImages(images, path);
    requireSmallGroups(file, layout, path);
    const ids = id === undefined || options.ids !== undefined ? undefined : await readIds(file, id);
    const batches = (): AsyncGenerator<PredictionRows> =>
      usingParquet(path, (opened) => readGroups(opened, layout, path), { refuse });
    return { kind, images, width, ids, path, batches };
  };
  return withParquet(path, read, { refuse });
}

function layoutOf(file: ParquetFile, path: string, options: PredictionOptions): Layout {
  const columns = parquetColumns(file.metadata);
  const names = columns.map(({ name }) => name);
  const list = listColumn(columns, options.kind);
  if (list === undefined) return tableLayout(columns, path, options);
  const kind = options.kind ?? (list.type === 'integer' ? 'ranked' : 'scores');
  if (kind === 'ranked' && list.type !== 'integer') {
    throw problemIn(path, 'predictions-bad-dtype', 'expected class indices, got floats', {
      place: `column "${list.name}"`,
      fix: 'write ranked classes as lists of integers',
    });
  }
  const id = findIdColumn(names, path, options.idColumn);
  return {
    kind,
    columns: [list.name],
    list: true,
    make: makeOf(kind, [list]),
    id: id === undefined ? undefined : names[id],
    width: listWidth(file, list.name, path),
  };
}

/** The one column of lists that holds predictions, if one does. */
function listColumn(
  columns: readonly ParquetColumn[],
  kind?: PredictionSource['kind'],
): ParquetColumn | undefined {
  const lists = columns.filter(({ list, type }) => list && type !== 'text' && type !== 'other');
  const ranked = kind === 'scores' ? [] : ['top_classes'];
  for (const name of [...ranked, ...LIST_NAMES]) {
    const found = lists.find((column) => column.name === name);
    if (found !== undefined) return found;
  }
  return lists.length === 1 ? lists[0] : undefined;
}

function tableLayout(
  columns: readonly ParquetColumn[],
  path: string,
  options: PredictionOptions,
): Layout {
  const names = columns.map(({ name }) => name);
  const { kind, id, index, values } = predictionColumns(names, path, options);
  const chosen = values.map((column) => columns[column]!);
  const odd = chosen.find(({ list, type }) => list || type === 'text' || type === 'other');
  if (odd !== undefined) {
    throw problemIn(path, 'predictions-bad-dtype', 'expected a column of numbers', {
      place: `column "${odd.name}"`,
      fix: 'leave it out',
    });
  }
  const idName = names[id ?? index ?? -1];
  return {
    kind,
    columns: chosen.map(({ name }) => name),
    list: false,
    make: makeOf(kind, chosen),
    id: idName,
    width: chosen.length,
  };
}

function makeOf(kind: PredictionSource['kind'], columns: readonly ParquetColumn[]): Layout['make'] {
  if (kind === 'ranked') return (length) => new Int32Array(length);
  if (columns.every(({ type }) => type === 'float')) return (length) => new Float32Array(length);
  return (length) => new Float64Array(length);
}

/** Read from the footer, so that no list has to be read. */
function listWidth({ metadata, groups }: ParquetFile, name: string, path: string): number {
  const widths = groups.map(
    ({ start, end }, group) => valuesInGroup(metadata, name, group) / (end - start),
  );
  const width = widths[0] ?? 0;
  const odd = widths.findIndex((other) => !Number.isInteger(other) || other !== width);
  if (odd === -1) return width;
  const { start, end } = groups[odd]!;
  throw problemIn(path, 'predictions-ragged', `column "${name}" holds lists of several lengths`, {
    place: `rows ${start} to ${end - 1} (from 0)`,
    fix: 'write every row with the same number of values',
  });
}

/** Lists may have more values where the file has the bytes for them: no few bytes fill the memory. */
function requireSmallGroups({ metadata, groups }: ParquetFile, layout: Layout, path: string): void {
  const { width, list, columns } = layout;
  for (const [group, { start, end }] of groups.entries()) {
    const stored = list ? bytesInGroup(metadata, columns[0]!, group) / 2 : Infinity;
    const most = Math.min(MAX_GROUP_VALUES, Math.max(MAX_LIST_VALUES, stored));
    if ((end - start) * width <= most) continue;
    throw problemIn(
      path,
      'predictions-row-group-too-large',
      `expected at most ${Math.floor(most)} values in a row group, got ${end - start} x ${width}`,
      { place: `row ${start}`, fix: 'write it with a smaller row_group_size, such as 10000' },
    );
  }
}

async function readIds(file: ParquetFile, name: string): Promise<string[]> {
  const ids: string[] = [];
  for (const group of file.groups) {
    for (const value of Array.from(await file.readColumn(name, group))) ids.push(textOf(value));
  }
  return ids;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : '';
}

async function* readGroups(
  file: ParquetFile,
  layout: Layout,
  path: string,
): AsyncGenerator<PredictionRows> {
  const { width } = layout;
  for (const group of file.groups) {
    const rows = layout.list
      ? await joinLists(file, layout, group, path)
      : await joinColumns(file, layout, group, path);
    requireValid(rows, width, group.start, path);
    const step = rowsPerBatch(width, rows.BYTES_PER_ELEMENT) * width;
    for (let at = 0; at < rows.length; at += step) yield rows.subarray(at, at + step);
  }
}

type Group = ParquetFile['groups'][number];

async function joinLists(
  file: ParquetFile,
  { columns, width, make }: Layout,
  group: Group,
  path: string,
): Promise<PredictionRows> {
  const lists = await file.readColumn(columns[0]!, group);
  const rows = make(lists.length * width);
  for (let row = 0; row < lists.length; row += 1) {
    const list = (lists[row] ?? []) as ArrayLike<unknown>;
    if (list.length !== width) {
      throw problemIn(path, 'predictions-ragged', `expected ${width} values, got ${list.length}`, {
        place: `row ${group.start + row} (from 0)`,
        fix: 'write every row with the same number of values',
      });
    }
    for (let at = 0; at < width; at += 1) put(rows, row, at, width, list[at], group, path);
  }
  return rows;
}

async function joinColumns(
  file: ParquetFile,
  { columns, width, make }: Layout,
  group: Group,
  path: string,
): Promise<PredictionRows> {
  const rows = make((group.end - group.start) * width);
  for (const [at, name] of columns.entries()) {
    const values = await file.readColumn(name, group);
    for (let row = 0; row < values.length; row += 1) {
      put(rows, row, at, width, values[row], group, path);
    }
  }
  return rows;
}

/** A ranked value that is no 32-bit integer would silently become one, and a null 0. */
function put(
  rows: PredictionRows,
  row: number,
  at: number,
  width: number,
  value: unknown,
  { start }: Group,
  path: string,
): void {
  const number =
    typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : NaN;
  rows[row * width + at] = number;
  if (!(rows instanceof Int32Array) || rows[row * width + at] === number) return;
  throw problemIn(path, 'predictions-not-a-class', `expected a class index, got ${String(value)}`, {
    place: `row ${start + row}, rank ${at} (from 0)`,
    fix: 'write classes as their indices',
  });
}
