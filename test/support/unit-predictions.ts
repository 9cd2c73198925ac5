import { join } from 'node:path';
import { openPredictions } from '../../src/predictions/open.js';
import type {
  PredictionOptions,
  PredictionRows,
  PredictionSource,
} from '../../src/predictions/source.js';
import { collect } from './unit-errors.js';
import { writeTree } from './unit-folder.js';

const IMAGES = 5;
const CLASSES = 7;

/** What the fixtures of scripts/prediction-fixtures.py hold, by the same formulas. */
export const FIXED_SCORES: readonly number[][] = Array.from({ length: IMAGES }, (_, row) =>
  Array.from({ length: CLASSES }, (_, column) => ((row * 11 + column * 5) % 35) / 4 - 2),
);
export const FIXED_RANKS: readonly number[][] = Array.from({ length: IMAGES }, (_, row) =>
  Array.from({ length: 3 }, (_, rank) => (row * 3 + rank * 2) % CLASSES),
);
/** Without the `.JPEG` that the files have. */
export const FIXED_IDS: readonly string[] = Array.from(
  { length: IMAGES },
  (_, row) => `val/image_${row}`,
);

/** The path of a fixture. */
export function fixture(name: string): string {
  return join('test/predictions/fixtures', name);
}

/** Every value of a source, a list a row. */
export async function rowsOf({ batches, width }: PredictionSource): Promise<number[][]> {
  const values = (await collect<PredictionRows>(batches())).flatMap((batch) => Array.from(batch));
  return Array.from({ length: values.length / width }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  );
}

/** Opens predictions and reads every value. */
export async function readPredictions(
  path: string,
  options: PredictionOptions = {},
): Promise<PredictionSource & { rows: number[][] }> {
  const source = await openPredictions(path, options);
  return { ...source, rows: await rowsOf(source) };
}

/** A file with this content. @returns its path */
export function fileWith(name: string, content: string | Uint8Array): string {
  return join(writeTree({ [name]: content }), name);
}

/** A NumPy array with any header and any bytes behind it. */
export function npyWith(header: string, values: Uint8Array, version = 1): Buffer {
  const start = Buffer.alloc(version === 1 ? 10 : 12);
  start.write('\x93NUMPY', 'latin1');
  start.writeUInt8(version, 6);
  if (version === 1) start.writeUInt16LE(header.length, 8);
  else start.writeUInt32LE(header.length, 8);
  return Buffer.concat([start, Buffer.from(header, 'latin1'), values]);
}

/** The header of a matrix. */
export function npyHeader(descr: string, shape: string, fortran = false): string {
  const order = fortran ? 'True' : 'False';
  return `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
}

/** The bytes of float32 values. */
export function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
