import type { ColumnMetaData, CompressionCodec } from 'hyparquet';

/**
 * Bytes that a page, or a column's part of a row group, may hold: no page that anybody writes is
 * larger, and what is read of one is several times as much.
 */
const MAX_PAGE_BYTES = 2 ** 28;
const MAX_CHUNK_BYTES = 2 ** 29;

/** What a page's header says. */
interface PageHeader {
  kind: 'data' | 'dictionary' | 'other';
  /** Bytes of the page, compressed and not. */
  size: number;
  expanded: number;
  values: number;
  encoding: number;
  /** Version 2 only: bytes of the levels, which lie before the rest and are not compressed. */
  levels?: { repetition: number; definition: number; isCompressed: boolean };
}

/** How the levels of a column are stored: bits each, 0 for none. */
export interface LevelWidths {
  repetition: number;
  definition: number;
}

export type Expand = (input: Uint8Array, length: number) => Uint8Array;

/** Where a column's part of a row group lies. @throws RangeError where it cannot be that large */
export function chunkRange(chunk: ColumnMetaData, fileBytes: number): [start: number, end: number] {
  const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
  const size = Number(chunk.total_compressed_size);
  if (!(start >= 0 && size >= 0 && start + size <= fileBytes)) {
    throw new RangeError('it ends before its columns do');
  }
  if (size > MAX_CHUNK_BYTES) throw new RangeError(`a column of ${size} bytes is too large`);
  return [start, start + size];
}

/**
 * Checks that the pages of a column hold what they say, before the library makes room for it: it
 * takes every number in them on trust, and a few bytes could have it fill the memory.
 * @param bytes of the column's part of a row group
 * @param expanders of the codecs
 * @throws RangeError
 */
export function requireHonestPages(
  bytes: Uint8Array,
  chunk: ColumnMetaData,
  widths: LevelWidths,
  expanders: Partial<Record<CompressionCodec, Expand>>,
): void {
  const promised = Number(chunk.num_values);
  const expand = chunk.codec === 'UNCOMPRESSED' ? undefined : expanders[chunk.codec];
  let at = 0;
  let values = 0;
  let total = 0;
  while (at < bytes.length - 1) {
    const reader = new Reader(bytes, at);
    const header = readHeader(reader);
    at = reader.at + header.size;
    if (at > bytes.length) throw new RangeError('a page is longer than its column');
    total += header.expanded;
    if (header.expanded > MAX_PAGE_BYTES || total > MAX_CHUNK_BYTES) {
      throw new RangeError(`a page claims ${header.expanded} bytes`);
    }
    if (header.kind === 'data') values += header.values;
    if (header.kind === 'other') continue;
    if (values > promised || header.values > promised) {
      throw new RangeError(`its pages claim more than its ${promised} values`);
    }
    const page = bytes.subarray(reader.at, at);
    if (header.kind === 'data') requireHonestRuns(page, header, chunk, widths, expand);
    else requireRoom(header.values, header.expanded);
  }
}

/** A dictionary's values take a byte each at least. */
function requireRoom(values: number, bytes: number): void {
  if (values > bytes) throw new RangeError(`${bytes} bytes cannot hold ${values} values`);
}

const PLAIN = 0;
/** PLAIN_DICTIONARY, RLE, RLE_DICTIONARY. */
const RUNS = [2, 3, 8];
/** A text of which only the end is stored can be as long as all before it: texts without end. */
const DELTA_BYTE_ARRAY = 7;

/** The runs of levels and of places in the dictionary: each says how many values it stands for. */
function requireHonestRuns(
  page: Uint8Array,
  { values, encoding, expanded, levels }: PageHeader,
  { type }: ColumnMetaData,
  widths: LevelWidths,
  expand: Expand | undefined,
): void {
  if (encoding === DELTA_BYTE_ARRAY) throw new RangeError('DELTA_BYTE_ARRAY is not supported');
  const isRuns = RUNS.includes(encoding);
  const hasLevels = widths.repetition > 0 || widths.definition > 0;
  if (encoding === PLAIN && type !== 'BOOLEAN' && !hasLevels) requireRoom(values, expanded);
  if (levels !== undefined) {
    const { repetition, definition, isCompressed } = levels;
    const reader = new Reader(page, 0);
    const size = repetition + definition;
    if (size > page.length || size > expanded)
      throw new RangeError('levels are longer than their page');
    if (widths.repetition > 0) walkRuns(reader, widths.repetition, values, repetition);
    reader.at = repetition;
    if (widths.definition > 0) walkRuns(reader, widths.definition, values, size);
    if (!isRuns) return;
    const packed = page.subarray(size);
    const rest = isCompressed && expand ? expand(packed, expanded - size) : packed;
    walkIndices(new Reader(rest, 0), type, values);
    return;
  }
  if (!isRuns && !hasLevels) return;
  const reader = new Reader(expand ? expand(page, expanded) : page, 0);
  for (const width of [widths.repetition, widths.definition]) {
    if (width === 0) continue;
    const length = reader.uint32();
    const end = reader.at + length;
    walkRuns(reader, width, values, end);
    reader.at = end;
  }
  if (isRuns) walkIndices(reader, type, values);
}

function walkIndices(reader: Reader, type: ColumnMetaData['type'], values: number): void {
  const width = type === 'BOOLEAN' ? 1 : reader.byte();
  if (type === 'BOOLEAN') reader.uint32();
  if (width > 32) throw new RangeError(`dictionary indices cannot have ${width} bits`);
  if (width > 0) walkRuns(reader, width, values, reader.length, true);
}

/**
 * @param most the values that all runs together may stand for; a packed run holds eights, so that the
 * last may say up to seven more
 * @param isLast whether values may be fewer, as where nulls are left out
 */
function walkRuns(reader: Reader, width: number, most: number, end: number, isLast = false): void {
  let seen = 0;
  while (seen < most && (reader.at < end || !isLast)) {
    if (reader.at >= Math.min(end, reader.length))
      throw new RangeError('runs end before their values do');
    const header = reader.varint();
    const count = header & 1 ? (header >>> 1) * 8 : header >>> 1;
    if (count === 0 || count > most - seen + 7) {
      throw new RangeError(`a run claims ${count} values where ${most - seen} are left`);
    }
    reader.at += header & 1 ? (header >>> 1) * width : Math.ceil(width / 8);
    seen += count;
  }
}

/** Bytes of Thrift's compact protocol, and of Parquet's runs. */
class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  get length(): number {
    return this.bytes.length;
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new RangeError('a page ends in its header');
    this.at += 1;
    return value;
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  uint32(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint is too long');
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

const [TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 12,
];

/** The fields of a page's header; of those that are numbers, which all are counts or sizes. */
function readHeader(reader: Reader): PageHeader {
  const fields = new Map<string, number>();
  readStruct(reader, '', fields, 0);
  const numberAt = (field: string): number => {
    const value = fields.get(field) ?? 0;
    if (value >= 0 && value < 2 ** 31) return value;
    throw new RangeError(`a page's header has a count of ${value}`);
  };
  const [version1, dictionary, version2] = ['5', '7', '8'];
  const kind = numberAt('1');
  const common = { size: numberAt('3'), expanded: numberAt('2') };
  const at = kind === 2 ? dictionary : kind === 3 ? version2 : version1;
  const values = numberAt(`${at}.1`);
  if (kind === 2) return { kind: 'dictionary', ...common, values, encoding: PLAIN };
  if (kind === 0) return { kind: 'data', ...common, values, encoding: numberAt(`${at}.2`) };
  if (kind !== 3) return { kind: 'other', ...common, values: 0, encoding: PLAIN };
  if (numberAt(`${at}.2`) > values) throw new RangeError('it claims more nulls than values');
  return {
    kind: 'data',
    ...common,
    values,
    encoding: numberAt(`${at}.4`),
    levels: {
      definition: numberAt(`${at}.5`),
      repetition: numberAt(`${at}.6`),
      isCompressed: (fields.get(`${at}.7`) ?? 1) === 1,
    },
  };
}

function readStruct(
  reader: Reader,
  path: string,
  fields: Map<string, number>,
  depth: number,
): void {
  if (depth > 4) throw new RangeError("a page's header is nested too deeply");
  let id = 0;
  for (;;) {
    const byte = reader.byte();
    const type = byte & 0x0f;
    if (type === 0) return;
    id = byte >> 4 ? id + (byte >> 4) : reader.zigzag();
    readField(reader, type, `${path}${id}`, fields, depth);
  }
}

function readField(
  reader: Reader,
  type: number,
  path: string,
  fields: Map<string, number>,
  depth: number,
): void {
  if (type === TRUE || type === FALSE) fields.set(path, type === TRUE ? 1 : 0);
  else if (type === BYTE) fields.set(path, reader.byte());
  else if (type === I16 || type === I32 || type === I64) fields.set(path, reader.zigzag());
  else if (type === DOUBLE) reader.skip(8);
  else if (type === BINARY) reader.skip(reader.varint());
  else if (type === STRUCT) readStruct(reader, `${path}.`, fields, depth + 1);
  else
    throw new RangeError(
      type === LIST ? 'a page header has a list' : `a page header has a field of type ${type}`,
    );
}
