import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { EvaluationError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { withoutExtension } from '../imagenet/images.js';
import { parseJson } from '../files/json.js';
import { readRegularText } from '../files/read-file.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { matchFiles } from '../sets/match-files.js';
import { readCsvPredictions } from './csv.js';
import { readNpy } from './npy.js';
import { readNpz } from './npz.js';
import { readParquetPredictions } from './parquet.js';
import {
  type PredictionOptions,
  type PredictionRows,
  type PredictionSource,
  problemIn,
} from './source.js';

/** Opens one format: checks what can be checked without reading the values. */
type Reader = (path: string, options: PredictionOptions) => Promise<PredictionSource>;

const READERS: Record<string, { read: Reader; takes: readonly (keyof PredictionOptions)[] }> = {
  '.npy': { read: readNpy, takes: [] },
  '.npz': { read: readNpz, takes: ['key'] },
  '.csv': { read: readCsvPredictions, takes: ['idColumn'] },
  '.parquet': { read: readParquetPredictions, takes: ['idColumn'] },
};

/**
 * Opens predictions made elsewhere: .npy, .npz, .csv or .parquet. Ids that are file names lose
 * their image extension. The values are read, and checked, when the batches are.
 * @throws EvaluationError `predictions-...`, here or from the batches, where the file is truncated, of
 *   another form, or holds scores that are not finite
 * @throws OutputError where the file cannot be read
 */
export async function openPredictions(
  path: string,
  options: PredictionOptions = {},
): Promise<PredictionSource> {
  const extension = extname(path).toLowerCase();
  const format = READERS[extension];
  if (format === undefined) throw unknownFormat(path, extension);
  for (const name of ['key', 'idColumn'] as const) {
    if (options[name] === undefined || format.takes.includes(name)) continue;
    throw new EvaluationError(`${extension} files have no ${OPTION_WORDS[name]} to choose`, {
      code: 'predictions-option',
      path,
      fix: `leave out ${OPTION_FLAGS[name]}`,
    });
  }
  try {
    await requireFile(path);
    const source = await format.read(path, options);
    const ids = options.ids === undefined ? source.ids : await readIdList(options.ids);
    return {
      ...source,
      ids: ids && distinctIds(ids, source.images, options.ids ?? path),
      scale: options.scale,
      isChecked: true,
      batches: () => explained(source.batches(), path),
    };
  } catch (error) {
    throw explainError(error, path);
  }
}

const OPTION_WORDS = { key: 'array', idColumn: 'column of ids' };
const OPTION_FLAGS = { key: '--key', idColumn: '--id-column' };

function unknownFormat(path: string, extension: string): EvaluationError {
  return new EvaluationError(`"${extension}" is not a known predictions format`, {
    code: 'predictions-unknown-format',
    path,
    fix: `pass one of ${Object.keys(READERS).join(', ')}`,
  });
}

async function requireFile(path: string): Promise<void> {
  const info = await stat(path);
  if (info.isFile() && info.size > 0) return;
  throw new EvaluationError(info.isFile() ? 'the file is empty' : 'this is not a file', {
    code: 'predictions-empty',
    path,
    fix: 'write it again',
  });
}

async function* explained(
  batches: AsyncIterable<PredictionRows>,
  path: string,
): AsyncGenerator<PredictionRows> {
  try {
    yield* batches;
  } catch (error) {
    throw explainError(error, path);
  }
}

/** How many of the ids that do not fit an error names. */
const NAMED = 3;

/**
 * Finds for each row of predictions the image of the set that it is of, see `matchFiles`. Rows
 * without ids are in the set's own order.
 * @returns one position in the set per row, each once
 * @throws EvaluationError `predictions-count-mismatch`, `predictions-unknown-ids`,
 *   `predictions-missing-ids`, `predictions-duplicate-id`
 */
export function alignPredictions(
  source: Pick<PredictionSource, 'ids' | 'images' | 'path'>,
  set: Pick<EvaluationSet, 'ids' | 'name'>,
): Uint32Array {
  if (source.ids === undefined) return inOrder(source, set);
  requireDistinct(source.ids, source.path);
  const { listed } = matchFiles(
    source.ids.map((id) => id.replaceAll('\\', '/')),
    set.ids,
  );
  const positions = Array.from<number>({ length: source.images }).fill(-1);
  listed.forEach((row, position) => {
    if (row !== -1) positions[row] = position;
  });
  requireAllKnown(positions, source.ids, source.path, set.name);
  requireAllThere(positions, source.path, set);
  return Uint32Array.from(positions);
}

function inOrder(
  { images, path }: Pick<PredictionSource, 'images' | 'path'>,
  { ids, name }: Pick<EvaluationSet, 'ids' | 'name'>,
): Uint32Array {
  if (images === ids.length) return Uint32Array.from({ length: images }, (_, row) => row);
  throw new EvaluationError(
    `expected a row for each of the ${ids.length} images of ${name}, got ${images} rows and no ids`,
    {
      code: 'predictions-count-mismatch',
      path,
      fix: 'write ids, or one row per image in the order of the set',
    },
  );
}

function requireDistinct(ids: readonly string[], path: string): void {
  const rows = new Map<string, number>();
  for (const [row, id] of ids.entries()) {
    const first = rows.get(id);
    if (id === '' || first !== undefined) throw badId(id, first, row, path);
    rows.set(id, row);
  }
}

function requireAllKnown(
  positions: readonly number[],
  ids: readonly string[],
  path: string,
  name: string,
): void {
  const unknown = ids.filter((_, row) => positions[row] === -1);
  if (unknown.length === 0) return;
  throw new EvaluationError(
    `${unknown.length} of its ${ids.length} ids are not in ${name}: ${firstOf(unknown)}`,
    { code: 'predictions-unknown-ids', path, fix: 'pass predictions for this set only' },
  );
}

function requireAllThere(
  positions: readonly number[],
  path: string,
  set: Pick<EvaluationSet, 'ids' | 'name'>,
): void {
  const predicted = new Set(positions);
  const missing = set.ids.filter((_, position) => !predicted.has(position));
  if (missing.length === 0) return;
  throw new EvaluationError(
    `${missing.length} of the ${set.ids.length} images of ${set.name} have no predictions: ${firstOf(missing)}`,
    { code: 'predictions-missing-ids', path, fix: 'write a row for every image' },
  );
}

function firstOf(ids: readonly string[]): string {
  return ids.slice(0, NAMED).join(', ') + (ids.length > NAMED ? ', ...' : '');
}

/**
 * Cuts image extensions off, and checks that there is one id per row, each once.
 * @param names as the file has them
 * @param path what holds the ids, as errors name it
 * @throws EvaluationError `predictions-id-count`, `predictions-no-id`, `predictions-duplicate-id`
 */
function distinctIds(names: readonly string[], images: number, path: string): string[] {
  if (names.length !== images) {
    throw problemIn(
      path,
      'predictions-id-count',
      `expected an id for each of the ${images} rows, got ${names.length} ids`,
      { fix: 'write one id per row, in the order of the rows' },
    );
  }
  const ids = names.map(withoutExtension);
  requireDistinct(ids, path);
  return ids;
}

/** Reads a list of ids: one per line, or a .json array of texts. */
async function readIdList(path: string): Promise<string[]> {
  try {
    const text = (await readRegularText(path)).replace(/^\ufeff/, '');
    return extname(path).toLowerCase() === '.json' ? parseIds(text, path) : splitLines(text);
  } catch (error) {
    throw explainError(error, path);
  }
}

function badId(id: string, first: number | undefined, row: number, path: string): Error {
  if (first === undefined) {
    return problemIn(path, 'predictions-no-id', 'the id is empty', {
      place: `row ${row} (from 0)`,
      fix: 'write an id for every row',
    });
  }
  return problemIn(path, 'predictions-duplicate-id', `duplicate id "${id}"`, {
    place: `rows ${first} and ${row} (from 0)`,
    fix: 'write one row per image',
  });
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.trim());
}

function parseIds(text: string, path: string): string[] {
  const ids = parseJson(text);
  if (Array.isArray(ids) && ids.every((id): id is string => typeof id === 'string')) return ids;
  const problem = ids === undefined ? 'this is not JSON' : 'expected an array of strings';
  throw problemIn(path, 'predictions-bad-id-list', problem, { fix: 'write ["id", ...]' });
}
