import { stat } from 'node:fs/promises';
import { bytesText } from '../text.js';
import { type ByteReader, type ByteStore, fileBytes, holdBytes } from './byte-store.js';
import { type NpyHeader, type NpyValues, readNpyHeader, valuesOf } from './npy-format.js';
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

/** Larger, so that the stretch of a column that a batch needs is worth a read. */
const FORTRAN_BATCH_BYTES = 32 * 2 ** 20;

/** A matrix in a store. */
interface Matrix {
  store: ByteStore;
  values: NpyValues;
  /** Where the values start in the store. */
  offset: number;
  images: number;
  width: number;
  path: string;
}

/**
 * Opens a NumPy matrix, [images x classes], as predictions.
 * @param place where in the file it is, for an archive of several
 * @throws EvaluationError `predictions-not-npy`, `predictions-bad-dtype`, `predictions-bad-shape`,
 *   `predictions-truncated`, `predictions-trailing-bytes`, ...
 */
export async function npyPredictions(
  store: ByteStore,
  path: string,
  kind?: PredictionSource['kind'],
  place?: string,
): Promise<PredictionSource> {
  const header = await headerOf(store, path, place);
  const values = requireValues(header, path, kind, place);
  const [images, width] = requireMatrix(header, path, place);
  requireSize(store.size - header.offset, [images, width, values.bytes], path, place);
  requireFewImages(images, path, place);
  const matrix: Matrix = { store, values, offset: header.offset, images, width, path };
  const read = header.fortran ? columnMajor : rowMajor;
  return {
    kind: values.kind,
    images,
    width,
    ids: undefined,
    path,
    batches: () => checked(read(matrix), width, path),
  };
}

async function headerOf(store: ByteStore, path: string, place?: string): Promise<NpyHeader> {
  const reader = await store.open();
  try {
    return await readNpyHeader(reader, store.size, path, place);
  } finally {
    await reader.close();
  }
}

function requireValues(
  { descr }: NpyHeader,
  path: string,
  kind?: PredictionSource['kind'],
  place?: string,
): NpyValues {
  const values = valuesOf(descr, kind);
  const where = place === undefined ? {} : { place };
  if (values === undefined) {
    throw problemIn(path, 'predictions-bad-dtype', `expected floats or integers, got "${descr}"`, {
      ...where,
      fix: 'save float32 scores, or int64 class indices, best first',
    });
  }
  if (kind !== undefined && values.kind !== kind) {
    throw problemIn(path, 'predictions-bad-dtype', `expected class indices, got "${descr}"`, {
      ...where,
      fix: 'save ranked classes as integers',
    });
  }
  return values;
}

function requireMatrix({ shape }: NpyHeader, path: string, place?: string): [number, number] {
  const [images, width] = shape;
  if (shape.length !== 2 || images === undefined || width === undefined) {
    const where = place === undefined ? {} : { place };
    throw problemIn(
      path,
      'predictions-bad-shape',
      `expected the shape (images, classes), got (${shape.join(', ')})`,
      { ...where, fix: 'save one row per image, one value per class' },
    );
  }
  requireShape(images, width, path, place);
  return [images, width];
}

/** The values must fill the file, which also bounds what a header can ask for. */
function requireSize(
  got: number,
  [images, width, bytes]: [number, number, number],
  path: string,
  place?: string,
): void {
  const expected = images * width * bytes;
  if (got === expected) return;
  const where = place === undefined ? {} : { place };
  throw problemIn(
    path,
    got < expected ? 'predictions-truncated' : 'predictions-trailing-bytes',
    `expected ${expected} bytes for ${images} x ${width} values, got ${got}`,
    { ...where, fix: 'write or copy it again' },
  );
}

async function* checked(
  batches: AsyncIterable<PredictionRows>,
  width: number,
  path: string,
): AsyncGenerator<PredictionRows> {
  let row = 0;
  for await (const batch of batches) {
    requireValid(batch, width, row, path);
    row += batch.length / width;
    yield batch;
  }
}

async function* rowMajor(matrix: Matrix): AsyncGenerator<PredictionRows> {
  const { store, values, offset, images, width } = matrix;
  const step = rowsPerBatch(width, values.bytes);
  const reader = await store.open();
  try {
    for (let row = 0; row < images; row += step) {
      const raw = new Uint8Array(Math.min(step, images - row) * width * values.bytes);
      await reader.read(raw, offset + row * width * values.bytes);
      yield values.decode(raw);
    }
  } finally {
    await reader.close();
  }
}

/** Reads of each column the stretch that the rows of a batch need. */
async function* columnMajor(matrix: Matrix): AsyncGenerator<PredictionRows> {
  const { values, images, width } = matrix;
  const store = matrix.store.sequential ? await holdSome(matrix) : matrix.store;
  const step = rowsPerBatch(width, values.bytes, FORTRAN_BATCH_BYTES);
  const reader = await store.open();
  try {
    for (let row = 0; row < images; row += step) {
      yield await transpose(reader, matrix, row, Math.min(step, images - row));
    }
  } finally {
    await reader.close();
  }
}

/** Bytes that are held where columns lie compressed: 50,000 x 1,000 float64 are 400 MB. */
const MAX_HELD_BYTES = 2 ** 29;

function holdSome({ store, path }: Matrix): Promise<ByteStore> {
  if (store.size <= MAX_HELD_BYTES) return holdBytes(store);
  const problem = `its compressed columns are ${bytesText(store.size)}, too much to hold in memory`;
  throw problemIn(path, 'predictions-unreadable', problem, {
    fix: 'save it in C order (numpy.ascontiguousarray), or uncompressed',
  });
}

async function transpose(
  reader: ByteReader,
  { values, offset, images, width }: Matrix,
  row: number,
  rows: number,
): Promise<PredictionRows> {
  const batch = values.make(rows * width);
  const raw = new Uint8Array(rows * values.bytes);
  for (let column = 0; column < width; column += 1) {
    await reader.read(raw, offset + (column * images + row) * values.bytes);
    const stretch = values.decode(raw);
    for (let at = 0; at < rows; at += 1) batch[at * width + column] = stretch[at]!;
  }
  return batch;
}

/** Opens what numpy.save wrote. */
export async function readNpy(
  path: string,
  { kind }: PredictionOptions,
): Promise<PredictionSource> {
  const { size } = await stat(path);
  return npyPredictions(fileBytes(path, 0, size), path, kind);
}
