import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { EvaluationError, explainError } from '../../errors.js';
import type { PredictionRows, PredictionSource } from '../prediction-source.js';
import type { PredictionOptions } from './prediction-options.js';
import { distinctIds, readIdList } from './prediction-ids.js';
import { readCsvPredictions } from './read-csv-predictions.js';
import { readNpy } from './read-npy.js';
import { readNpz } from './read-npz.js';
import { readParquetPredictions } from './read-parquet-predictions.js';

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
 * @throws EvaluationError `predictions-...`, here or from the batches, where the file is torn, of
 *   another form, or holds scores that are not finite
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
  return new EvaluationError(`"${extension}" is no format of predictions that is known`, {
    code: 'predictions-unknown-format',
    path,
    fix: `give one of ${Object.keys(READERS).join(', ')}`,
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
