import { classOf, WNID } from '../imagenet/synsets.js';
import { type PredictionSource, problemIn, requireShape } from './source.js';

/** Which columns of a table are what. */
export interface PredictionColumns {
  kind: PredictionSource['kind'];
  /** The column of ids. */
  id: number | undefined;
  /** A column without a name, as pandas writes its index: row numbers, or else ids. */
  index: number | undefined;
  /** The columns of values: by class, or by rank. */
  values: number[];
}

const ID_NAMES = ['id', 'image_id', 'image', 'file_name', 'file', '__index_level_0__'];
const INDEX_NAMES = ['', 'Unnamed: 0'];

const RANK_NAME = /^(?:top|rank)[_-]?(\d+)$/i;
const CLASS_NAME = /^([a-z]*[_-]?)(\d+)$/i;

/**
 * Identifies the columns of a table by their names: ids; ranks `top1`, `rank_1`, ...; or classes `0`,
 * `class_0`, ... or synsets, in any order.
 * @param asked the columns' kind and the column of ids, where they are known
 * @throws EvaluationError `predictions-bad-columns`
 */
export function predictionColumns(
  names: readonly string[],
  path: string,
  asked: { kind?: PredictionSource['kind'] | undefined; idColumn?: string | undefined } = {},
): PredictionColumns {
  const id = findIdColumn(names, path, asked.idColumn);
  const index = INDEX_NAMES.includes(names[0] ?? '-') && id !== 0 ? 0 : undefined;
  const columns = names.map((_, column) => column).filter((at) => at !== id && at !== index);
  const values = columns.map((column) => names[column]!);
  requireShape(1, values.length, path);
  const areRanks = values.every((name) => RANK_NAME.test(name));
  const kind = asked.kind ?? (areRanks ? 'ranked' : 'scores');
  if (kind === 'scores' && areRanks) throw badColumns(path, values, 'a class');
  const order = kind === 'ranked' ? rankOrder(values, areRanks, path) : classOrder(values, path);
  return { kind, id, index, values: order.map((at) => columns[at]!) };
}

/** The column of ids, by its name. @throws EvaluationError where the one that was asked for is not */
export function findIdColumn(
  names: readonly string[],
  path: string,
  asked?: string,
): number | undefined {
  const lower = names.map((name) => name.toLowerCase());
  const wanted = asked ?? ID_NAMES.find((name) => lower.includes(name));
  if (wanted === undefined) return undefined;
  const column = asked === undefined ? lower.indexOf(wanted) : names.indexOf(asked);
  if (column !== -1) return column;
  throw problemIn(path, 'predictions-bad-columns', `it has no column "${wanted}"`, {
    fix: `choose another column of ids: ${names.slice(0, 5).join(', ')}, ...`,
  });
}

/** Ranks count from 1 (or 0); columns of other names are ranks in their own order. */
function rankOrder(names: readonly string[], areRanks: boolean, path: string): number[] {
  if (!areRanks) return names.map((_, at) => at);
  const ranks = names.map((name) => Number(RANK_NAME.exec(name)![1]));
  const first = ranks.includes(0) ? 0 : 1;
  return invert(
    ranks.map((rank) => rank - first),
    () => badColumns(path, names, 'a rank'),
  );
}

function classOrder(names: readonly string[], path: string): number[] {
  const fail = (): Error => badColumns(path, names, 'a class');
  if (names.every((name) => WNID.test(name))) {
    // Of fewer synsets than all, what index each has in the labels cannot be known.
    if (names.length !== 1000) throw fail();
    return invert(
      names.map((name) => classOf(name) ?? -1),
      fail,
    );
  }
  const parts = names.map((name) => CLASS_NAME.exec(name));
  const prefix = parts[0]?.[1];
  return invert(
    parts.map((part) => (part?.[1] === prefix && part !== null ? Number(part[2]) : -1)),
    fail,
  );
}

/** Where each number from 0 on stands. @throws where one is missing or there twice */
function invert(numbers: readonly number[], fail: () => Error): number[] {
  const places = new Array<number>(numbers.length).fill(-1);
  numbers.forEach((number, at) => {
    if (places[number] !== -1) throw fail();
    places[number] = at;
  });
  return places;
}

function badColumns(path: string, names: readonly string[], what: string): Error {
  const shown = names.length > 6 ? [...names.slice(0, 5), '...', names.at(-1)!] : names;
  return problemIn(
    path,
    'predictions-bad-columns',
    `expected one column per ${what}, got ${shown.join(', ')}`,
    {
      fix: 'name classes 0, 1, ..., class_0, ... or by all 1,000 synsets; ranks top1, top2, ...; ids id',
    },
  );
}
