import { getFloat16 } from '@petamoriken/float16';
import type { PredictionRows, PredictionSource } from '../prediction-source.js';

/** How the values of an array become predictions. */
export interface NpyValues {
  kind: PredictionSource['kind'];
  /** Bytes a value in the file. */
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
