import { EvaluationError } from '../errors.js';
import type { EvaluationSet } from './evaluation-set.js';
import type { PredictionSource } from './prediction-source.js';

/** How many of the ids that do not fit an error names. */
const NAMED = 3;

/**
 * Finds for each row of predictions the image of the set that it is of. Ids match as they are, or
 * else by what stands behind their last `/`, if that is different for all, in the file and in the
 * set. Rows without ids are in the set's own order.
 * @returns one position in the set a row, each once
 * @throws EvaluationError `predictions-count-mismatch`, `predictions-unknown-ids`,
 *   `predictions-missing-ids`, `predictions-duplicate-id`
 */
export function alignPredictions(
  source: Pick<PredictionSource, 'ids' | 'images' | 'path'>,
  set: Pick<EvaluationSet, 'ids' | 'name'>,
): Uint32Array {
  if (source.ids === undefined) return inOrder(source, set);
  const exact = positionsOf(source.ids, set.ids);
  const positions = exact.includes(-1) ? (byBaseName(source.ids, set.ids) ?? exact) : exact;
  requireAllKnown(positions, source.ids, source.path, set.name);
  requireAllThere(positions, source, set);
  return Uint32Array.from(positions);
}

function inOrder(
  { images, path }: Pick<PredictionSource, 'images' | 'path'>,
  { ids, name }: Pick<EvaluationSet, 'ids' | 'name'>,
): Uint32Array {
  if (images === ids.length) return Uint32Array.from({ length: images }, (_, row) => row);
  throw new EvaluationError(
    `expected a row for each of the ${ids.length} images of ${name}, got ${images} rows and no ids`,
    { code: 'predictions-count-mismatch', path, fix: 'give ids, or one row an image in its order' },
  );
}

/** For each id its position; -1 where there is none. */
function positionsOf(ids: readonly string[], of: readonly string[]): number[] {
  const positions = new Map(of.map((id, position) => [id, position]));
  return ids.map((id) => positions.get(id) ?? -1);
}

function byBaseName(ids: readonly string[], of: readonly string[]): number[] | undefined {
  const [names, ofNames] = [ids.map(baseName), of.map(baseName)];
  const distinct = new Set(names).size === ids.length && new Set(ofNames).size === of.length;
  return distinct ? positionsOf(names, ofNames) : undefined;
}

/** Behind the last slash, whichever way it leans. */
function baseName(id: string): string {
  return id.slice(Math.max(id.lastIndexOf('/'), id.lastIndexOf('\\')) + 1);
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
    `${unknown.length} of its ${ids.length} ids are no images of ${name}: ${firstOf(unknown)}`,
    { code: 'predictions-unknown-ids', path, fix: 'give predictions of this set alone' },
  );
}

function requireAllThere(
  positions: readonly number[],
  { ids, path }: Pick<PredictionSource, 'ids' | 'path'>,
  set: Pick<EvaluationSet, 'ids' | 'name'>,
): void {
  const rowOf = new Int32Array(set.ids.length).fill(-1);
  positions.forEach((position, row) => {
    if (rowOf[position] !== -1) {
      throw new EvaluationError(`the id "${ids![row]!}" is there twice`, {
        code: 'predictions-duplicate-id',
        path,
        place: `rows ${rowOf[position]!} and ${row} (from 0)`,
        fix: 'give each image one row',
      });
    }
    rowOf[position] = row;
  });
  const missing = set.ids.filter((_, position) => rowOf[position] === -1);
  if (missing.length === 0) return;
  throw new EvaluationError(
    `${missing.length} of the ${set.ids.length} images of ${set.name} have no predictions: ${firstOf(missing)}`,
    { code: 'predictions-missing-ids', path, fix: 'give a row for every image' },
  );
}

function firstOf(ids: readonly string[]): string {
  return ids.slice(0, NAMED).join(', ') + (ids.length > NAMED ? ', ...' : '');
}
