import { getFloat16 } from '@petamoriken/float16';
import type { ByteReader, ByteStore } from './byte-store.js';
import {
  type PredictionRows,
  type PredictionSource,
  problemIn,
  requireFewImages,
} from './source.js';

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
  if (descr[1] === undefined) throw fail('expected one number per value, got a structured array');
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

/** Enough for a million ids of 64 characters. */
const MAX_ID_BYTES = 256 * 2 ** 20;

/**
 * Reads a NumPy array of texts: Unicode (`<U20`) or bytes (`|S20`).
 * @throws EvaluationError `predictions-bad-id-list` where it holds anything else
 */
export async function readNpyTexts(
  store: ByteStore,
  path: string,
  place: string,
): Promise<string[]> {
  const fail = (problem: string): Error =>
    problemIn(path, 'predictions-bad-id-list', problem, {
      place,
      fix: 'save ids as an array of strings, or leave them out',
    });
  const reader = await store.open();
  try {
    const { descr, shape, offset } = await readNpyHeader(reader, store.size, path, place);
    const [, order, type, length] = /^([<>=|]?)([US])(\d{1,6})$/.exec(descr) ?? [];
    if (type === undefined || shape.length !== 1) {
      throw fail(`expected one string per row, got "${descr}" of shape (${shape.join(', ')})`);
    }
    requireFewImages(shape[0]!, path, place);
    const bytes = Number(length) * (type === 'U' ? 4 : 1);
    const total = shape[0]! * bytes;
    if (total > MAX_ID_BYTES) throw fail(`${total} bytes of ids is too large`);
    if (total !== store.size - offset) {
      throw fail(`expected ${total} bytes, got ${store.size - offset}`);
    }
    const raw = Buffer.alloc(total);
    await reader.read(raw, offset);
    if (type === 'U' && order === '>') raw.swap32();
    const decode = type === 'U' ? decodeUtf32 : decodeUtf8;
    return Array.from({ length: shape[0]! }, (_, row) =>
      decode(raw.subarray(row * bytes, (row + 1) * bytes)),
    );
  } catch (error) {
    if (error instanceof RangeError) throw fail('it holds invalid characters');
    throw error;
  } finally {
    await reader.close();
  }
}

/** Four bytes per character, zeros behind the last. */
function decodeUtf32(raw: Buffer): string {
  let text = '';
  for (let at = 0; at < raw.length; at += 4) {
    const point = raw.readUInt32LE(at);
    if (point !== 0) text += String.fromCodePoint(point);
  }
  return text;
}

function decodeUtf8(raw: Buffer): string {
  return raw.toString('utf8').replace(/\0+$/, '');
}

/** How the values of an array become predictions. */
export interface NpyValues {
  kind: PredictionSource['kind'];
  /** Bytes per value in the file. */
  bytes: number;
  /** Takes bytes that lie at the start of their buffer; may share or overwrite them. */
  decode: (raw: Uint8Array<ArrayBuffer>) => PredictionRows;
  /** An array for so many decoded values. */
  make: (length: number) => PredictionRows;
}

const INTEGERS = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
};

/**
 * How to read values of a type.
 * @param descr as NumPy writes it, such as `<f4`
 * @param kind what whole numbers are taken for: `ranked` where not given
 * @returns undefined for a type that predictions cannot have
 */
export function valuesOf(descr: string, kind?: PredictionSource['kind']): NpyValues | undefined {
  const [, order, type] = /^([<>=|]?)([fiu][1248])$/.exec(descr) ?? [];
  if (type === undefined) return undefined;
  const values = type.startsWith('f') ? floatValues(type) : integerValues(type, kind);
  if (order !== '>' || values === undefined) return values;
  return { ...values, decode: (raw) => values.decode(swapBytes(raw, values.bytes)) };
}

function floatValues(type: string): NpyValues | undefined {
  const make = (length: number): Float32Array => new Float32Array(length);
  switch (type) {
    case 'f2':
      return { kind: 'scores', bytes: 2, decode: decodeHalf(), make };
    case 'f4':
      return { kind: 'scores', bytes: 4, decode: ({ buffer }) => new Float32Array(buffer), make };
    case 'f8':
      return {
        kind: 'scores',
        bytes: 8,
        decode: ({ buffer }) => new Float64Array(buffer),
        make: (length) => new Float64Array(length),
      };
    default:
      return undefined;
  }
}

/** By a table of all there are: ten times faster than one by one. */
function decodeHalf(): NpyValues['decode'] {
  const view = new DataView(new ArrayBuffer(2));
  const table = Float32Array.from({ length: 65_536 }, (_, bits) => {
    view.setUint16(0, bits);
    return getFloat16(view, 0);
  });
  return ({ buffer }) => {
    const halves = new Uint16Array(buffer);
    const values = new Float32Array(halves.length);
    for (let at = 0; at < halves.length; at += 1) values[at] = table[halves[at]!]!;
    return values;
  };
}

function integerValues(type: string, kind: PredictionSource['kind'] = 'ranked'): NpyValues {
  const View = INTEGERS[type as keyof typeof INTEGERS];
  const bytes = View.BYTES_PER_ELEMENT;
  if (kind === 'scores') {
    return {
      kind,
      bytes,
      decode: ({ buffer }) => Float64Array.from(new View(buffer) as Iterable<number>, Number),
      make: (length) => new Float64Array(length),
    };
  }
  const decode: NpyValues['decode'] = bytes === 8 ? ({ buffer }) => narrow(buffer) : clip;
  return { kind, bytes, decode, make: (length) => new Int32Array(length) };

  function clip({ buffer }: Uint8Array<ArrayBuffer>): Int32Array {
    if (type === 'i4') return new Int32Array(buffer);
    const values = new View(buffer) as Uint32Array;
    if (bytes < 4) return new Int32Array(values);
    const ranks = new Int32Array(values.length);
    for (let at = 0; at < ranks.length; at += 1) ranks[at] = Math.min(values[at]!, LARGEST);
    return ranks;
  }
}

const LARGEST = 2 ** 31 - 1;

/** 64-bit numbers by their halves; those that do not fit become the largest or smallest that do. */
function narrow(buffer: ArrayBuffer): Int32Array {
  const halves = new Int32Array(buffer);
  const ranks = new Int32Array(halves.length / 2);
  for (let at = 0; at < ranks.length; at += 1) {
    const low = halves[2 * at]!;
    const high = halves[2 * at + 1]!;
    ranks[at] = high === low >> 31 ? low : high < 0 ? -LARGEST - 1 : LARGEST;
  }
  return ranks;
}

function swapBytes(raw: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  const buffer = Buffer.from(raw.buffer);
  if (bytes === 2) buffer.swap16();
  else if (bytes === 4) buffer.swap32();
  else if (bytes === 8) buffer.swap64();
  return raw;
}
