import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { explainError } from '../../errors.js';
import { problemIn } from './prediction-errors.js';

const IMAGE_EXTENSION = /\.(?:jpe?g|png|webp)$/i;

/** Cuts an image's extension off a file name, so that it can be an id. */
function idOf(name: string): string {
  return name.replace(IMAGE_EXTENSION, '');
}

/**
 * Cuts image extensions off, and checks that there is one id a row, each once.
 * @param names as the file has them
 * @param path what holds the ids, as errors name it
 * @throws EvaluationError `predictions-id-count`, `predictions-no-id`, `predictions-duplicate-id`
 */
export function distinctIds(names: readonly string[], images: number, path: string): string[] {
  if (names.length !== images) {
    throw problemIn(
      path,
      'predictions-id-count',
      `expected an id for each of the ${images} rows, got ${names.length} ids`,
      { fix: 'give one id a row, in the order of the rows' },
    );
  }
  const rows = new Map<string, number>();
  return names.map((name, row) => {
    const id = idOf(name);
    const first = rows.get(id);
    if (id === '' || first !== undefined) throw badId(id, first, row, path);
    rows.set(id, row);
    return id;
  });
}

/** Reads a list of ids: one a line, or a .json array of texts. */
export async function readIdList(path: string): Promise<string[]> {
  try {
    const text = (await readFile(path, 'utf8')).replace(/^\ufeff/, '');
    return extname(path).toLowerCase() === '.json' ? parseIds(text, path) : splitLines(text);
  } catch (error) {
    throw explainError(error, path);
  }
}

function badId(id: string, first: number | undefined, row: number, path: string): Error {
  if (first === undefined) {
    return problemIn(path, 'predictions-no-id', 'the id is empty', {
      place: `row ${row} (from 0)`,
      fix: 'give every row an id',
    });
  }
  return problemIn(path, 'predictions-duplicate-id', `the id "${id}" is there twice`, {
    place: `rows ${first} and ${row} (from 0)`,
    fix: 'give each image one row',
  });
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.trim());
}

function parseIds(text: string, path: string): string[] {
  const ids = parseJson(text, path);
  if (Array.isArray(ids) && ids.every((id): id is string => typeof id === 'string')) return ids;
  throw problemIn(path, 'predictions-bad-id-list', 'expected an array of texts', {
    fix: 'write ["id", ...]',
  });
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw problemIn(path, 'predictions-bad-id-list', 'this is not JSON', {
      fix: 'write ["id", ...]',
      cause,
    });
  }
}
