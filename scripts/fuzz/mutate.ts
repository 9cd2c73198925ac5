import type { Stream } from '../../src/random.js';

/** Texts and numbers that parsers trip over. */
const TOKENS = [
  ...['', '0', '-1', '1e309', 'NaN', '99999999999999999999', '0x10', 'null', '{}', '[]', '""'],
  ...['__proto__', '../../etc/passwd', '\0', '\ufeff', '\r', '\u202e', '"', "'", '<', '&a;', '%'],
  ...['<!DOCTYPE a [<!ENTITY a "aaaaaaaa">]>', '&a &a [*a, *a]', '!!js/function', '[['.repeat(400)],
  ...['{"a":'.repeat(400), '<a>'.repeat(400), 'x'.repeat(70_000), '\n'.repeat(500)],
];

type Mutation = (bytes: Buffer, stream: Stream, other: Buffer) => Buffer;

/** Each makes one change; `other` is another good input of the same kind. */
const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, stream) {
    return withByte(bytes, stream, (byte) => byte ^ (1 << stream.int(8)));
  },
  function setByte(bytes, stream) {
    return withByte(bytes, stream, () => [0, 1, 0x7f, 0x80, 0xff][stream.int(5)]!);
  },
  function setNumber(bytes, stream) {
    const width = [2, 4, 8][stream.int(3)]!;
    const number = Buffer.alloc(width, stream.int(2) === 0 ? 0xff : 0);
    if (stream.int(2) === 0) number[stream.int(width)] = stream.int(256);
    return replace(bytes, stream.int(bytes.length), width, number);
  },
  function cut(bytes, stream) {
    return bytes.subarray(0, stream.int(bytes.length));
  },
  function remove(bytes, stream) {
    return replace(bytes, stream.int(bytes.length), 1 + stream.int(lengthOf(bytes)), '');
  },
  function repeat(bytes, stream) {
    const at = stream.int(bytes.length);
    const part = bytes.subarray(at, at + 1 + stream.int(lengthOf(bytes)));
    return replace(bytes, at, 0, Buffer.concat(Array<Buffer>(1 + stream.int(4)).fill(part)));
  },
  function insert(bytes, stream) {
    return replace(bytes, stream.int(bytes.length), 0, anyToken(stream));
  },
  function replaceNumber(bytes, stream) {
    return replaceToken(bytes, stream, /-?\d+(?:\.\d+)?/g);
  },
  function changeDigit(bytes, stream) {
    return replaceToken(bytes, stream, /\d/g, String(stream.int(10)));
  },
  function replaceWord(bytes, stream) {
    return replaceToken(bytes, stream, /\w+/g);
  },
  function splice(bytes, stream, other) {
    const from = stream.int(other.length);
    const part = other.subarray(from, from + 1 + stream.int(lengthOf(other)));
    return replace(bytes, stream.int(bytes.length), part.length, part);
  },
  function swap(bytes, stream) {
    const half = stream.int(bytes.length);
    return Buffer.concat([bytes.subarray(half), bytes.subarray(0, half)]);
  },
];

/** A good input with one change, or up to four. */
export function mutate(bytes: Buffer, stream: Stream, other: Buffer): Buffer {
  let mutated = bytes;
  for (
    let changes = 1 + stream.int(1 + stream.int(4));
    changes > 0 && mutated.length > 0;
    changes -= 1
  ) {
    mutated = MUTATIONS[stream.int(MUTATIONS.length)]!(mutated, stream, other);
  }
  return mutated;
}

/** Changes are mostly short, so that what is around them is still understood. */
function lengthOf(bytes: Buffer): number {
  return Math.max(1, Math.min(64, bytes.length));
}

function withByte(bytes: Buffer, stream: Stream, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const at = stream.int(copy.length);
  copy[at] = change(copy[at]!);
  return copy;
}

function replace(bytes: Buffer, at: number, length: number, by: Buffer | string): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(by), bytes.subarray(at + length)]);
}

function anyToken(stream: Stream): string {
  return TOKENS[stream.int(TOKENS.length)]!;
}

/** Texts longer than this are looked at in a part. */
const LOOKED_AT = 20_000;

function replaceToken(
  bytes: Buffer,
  stream: Stream,
  pattern: RegExp,
  by = anyToken(stream),
): Buffer {
  const start = stream.int(Math.max(1, bytes.length - LOOKED_AT));
  const text = bytes.toString('latin1', start, start + LOOKED_AT);
  const found = [...text.matchAll(pattern)];
  const match = found[stream.int(Math.max(1, found.length))];
  if (match === undefined) return bytes;
  return replace(bytes, start + match.index, match[0].length, by);
}
