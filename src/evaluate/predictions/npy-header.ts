import type { ByteReader } from './byte-store.js';
import { problemIn } from './prediction-errors.js';

/** What stands before the values of a NumPy array file (numpy.lib.format, versions 1 to 3). */
export interface NpyHeader {
  /** As NumPy writes it: byte order, kind, bytes: `<f4`. */
  descr: string;
  fortran: boolean;
  shape: number[];
  /** Bytes before the first value. */
  offset: number;
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');

/** NumPy itself reads no longer header from a file that it does not trust. */
const MAX_HEADER_BYTES = 10_000;

/**
 * Reads the header of a NumPy array.
 * @param size bytes of the array file
 * @throws EvaluationError `predictions-not-npy`
 */
export async function readNpyHeader(
  reader: ByteReader,
  size: number,
  path: string,
  place?: string,
): Promise<NpyHeader> {
  const fail = (problem: string): Error =>
    problemIn(path, 'predictions-not-npy', problem, {
      ...(place === undefined ? {} : { place }),
      fix: 'write it with numpy.save',
    });
  if (size < 12) throw fail('too short for a NumPy array');
  const start = Buffer.alloc(12);
  await reader.read(start, 0);
  if (!start.subarray(0, 6).equals(MAGIC)) throw fail('this is not a NumPy array');
  const version = start.readUInt8(6);
  if (version < 1 || version > 3) throw fail(`expected version 1, 2 or 3, got ${version}`);
  const begin = version === 1 ? 10 : 12;
  const length = version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  if (length > MAX_HEADER_BYTES) throw fail(`its header says that it is ${length} bytes long`);
  if (begin + length > size) throw fail('the file ends in its header');
  const text = Buffer.alloc(length);
  // From byte 10 or 12: a stream goes no way back, but within what it last gave.
  start.copy(text, 0, begin, 12);
  await reader.read(text.subarray(12 - begin), 12);
  return {
    ...parseHeader(text.toString(version === 3 ? 'utf8' : 'latin1'), fail),
    offset: begin + length,
  };
}

function parseHeader(
  text: string,
  fail: (problem: string) => Error,
): Pick<NpyHeader, 'descr' | 'fortran' | 'shape'> {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|([[(]))/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([\dL,\s]*)\)/.exec(text);
  if (descr === null || order === null || shape === null) throw fail('its header cannot be read');
  if (descr[1] === undefined) throw fail('expected one number a value, got a structured array');
  const sizes = shape[1]!.split(',').map((part) => part.trim().replace(/L$/, ''));
  if (sizes.at(-1) === '') sizes.pop();
  const dimensions = sizes.map((part) => (part === '' ? NaN : Number(part)));
  if (!dimensions.every(Number.isSafeInteger))
    throw fail(`its shape cannot be read: (${shape[1]!})`);
  return { descr: descr[1], fortran: order[1] === 'True', shape: dimensions };
}

/** Room for any number of rows; the values start at a multiple of 64 bytes. */
export const NPY_HEADER_BYTES = 128;

/** The header that numpy.save writes (version 1.0) before a float32 matrix in C order. */
export function npyHeader(shape: readonly [rows: number, columns: number]): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const header = Buffer.alloc(NPY_HEADER_BYTES, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(NPY_HEADER_BYTES - 10, 8);
  header.write(text, 10, 'latin1');
  header.write('\n', header.length - 1, 'latin1');
  return header;
}
