import { open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type CompressionCodec,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { messageOf, PatchmlError } from '../errors.js';
import { explainError } from './file-errors.js';
import { openOutput } from './output-file.js';
import { chunkRange, type LevelWidths, requireHonestPages } from './parquet-pages.js';

/** A Parquet file while it is open. */
export interface ParquetFile {
  metadata: FileMetaData;
  /** First row, and the one behind the last, of each row group. */
  groups: readonly { start: number; end: number }[];
  /** The values of a column in a row group. */
  readColumn: (name: string, group: { start: number; end: number }) => Promise<ArrayLike<unknown>>;
}

/** How a reader says, in its own wing's error, that a Parquet file is not what it should be. */
export type RefuseParquet = (
  kind: 'unreadable' | 'truncated',
  problem: string,
  details: { place?: string; cause?: unknown },
) => PatchmlError;

/**
 * Opens a Parquet file, gives it to `use`, and closes it.
 * @param options refuse: makes the error for a file that is cut, or not Parquet; utf8: whether bytes
 * that are not said to be text are taken for it (true)
 * @throws what `refuse` makes; OutputError where the file system fails
 */
export async function* usingParquet<T>(
  path: string,
  use: (file: ParquetFile) => AsyncIterable<T>,
  { refuse, utf8 = true }: { refuse: RefuseParquet; utf8?: boolean },
): AsyncGenerator<T> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const file: AsyncBuffer = {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        if (bytesRead < bytes.length) throw new RangeError('it ends before its columns do');
        return bytes.buffer;
      },
    };
    yield* use(await openColumns(file, refuse, utf8));
  } catch (error) {
    const known = explainError(error, path);
    if (known instanceof PatchmlError) throw known;
    const problem = `this is not a complete Parquet file: ${messageOf(error)}`;
    throw refuse('unreadable', problem, { cause: error });
  } finally {
    await handle.close();
  }
}

/** What {@link usingParquet} is for where there is one result. */
export async function withParquet<T>(
  path: string,
  use: (file: ParquetFile) => Promise<T> | T,
  options: { refuse: RefuseParquet; utf8?: boolean },
): Promise<T> {
  const results = usingParquet(
    path,
    async function* (file) {
      yield await use(file);
    },
    options,
  );
  for await (const result of results) return result;
  throw new Error('no values were read');
}

async function openColumns(
  file: AsyncBuffer,
  refuse: RefuseParquet,
  utf8: boolean,
): Promise<ParquetFile> {
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  let end = 0;
  const groups = metadata.row_groups
    .map(({ num_rows: rows }) => ({ start: end, end: (end += Number(rows)) }))
    .filter((group) => group.end > group.start);
  if (end !== Number(metadata.num_rows)) {
    const problem = `its row groups hold ${end} rows, but it claims ${metadata.num_rows}`;
    throw refuse('unreadable', problem, {});
  }
  const tree = parquetSchema(metadata);
  const filled = metadata.row_groups.filter(({ num_rows: rows }) => rows > 0n);
  // Where pages lie is taken from themselves, which are checked, and from no index of them.
  const checked = new Map<string, ArrayBuffer>();
  const scan = await parquetScan({
    file: reading(file, checked),
    metadata,
    compressors,
    utf8,
    useOffsetIndex: false,
  });
  return {
    metadata,
    groups,
    async readColumn(column, { start, end: behind }) {
      const group = groups.findIndex((known) => known.start === start && known.end === behind);
      const ranges: [number, number][] = [];
      for (const { meta_data: chunk } of filled[group]?.columns ?? []) {
        if (chunk?.path_in_schema[0] !== column) continue;
        const range = chunkRange(chunk, file.byteLength);
        const bytes = await file.slice(...range);
        const widths = levelWidths(tree, chunk.path_in_schema);
        requireHonestPages(new Uint8Array(bytes), chunk, widths, compressors);
        ranges.push(range);
        checked.set(range.join(), bytes);
      }
      const values = await scan.readColumn({ column, rowStart: start, rowEnd: behind });
      for (const range of ranges) checked.delete(range.join());
      if (values.length === behind - start) return values as ArrayLike<unknown>;
      const problem = `expected ${behind - start} values, got ${values.length}`;
      throw refuse('truncated', problem, { place: `column "${column}", row ${start}` });
    },
  };
}

/** A file of which the stretches that were read already are not read again. */
function reading(file: AsyncBuffer, read: ReadonlyMap<string, ArrayBuffer>): AsyncBuffer {
  const { byteLength } = file;
  return {
    byteLength,
    slice: (start, end = byteLength) => read.get([start, end].join()) ?? file.slice(start, end),
  };
}

/** How many bits tell at which of its lists a value begins, and how much of its path is there. */
function levelWidths(tree: SchemaTree, path: readonly string[]): LevelWidths {
  let [repetition, definition] = [0, 0];
  let at: SchemaTree | undefined = tree;
  for (const name of path) {
    at = at?.children.find(({ element }) => element.name === name);
    if (at?.element.repetition_type === 'REPEATED') repetition += 1;
    if (at?.element.repetition_type !== 'REQUIRED') definition += 1;
  }
  return { repetition: bitsOf(repetition), definition: bitsOf(definition) };
}

function bitsOf(level: number): number {
  return 32 - Math.clz32(level);
}

/** A column of a table, or one of lists of values. */
export interface ParquetColumn {
  name: string;
  list: boolean;
  type: 'float' | 'double' | 'integer' | 'text' | 'other';
}

/** The columns of a Parquet file that are no structs. */
export function parquetColumns(metadata: FileMetaData): ParquetColumn[] {
  return parquetSchema(metadata).children.map((column) => {
    const list = isList(column.element);
    return { name: column.element.name, list, type: typeOf(list ? leafOf(column) : column) };
  });
}

/** How many values the lists of a column have in a row group, all together. */
export function valuesInGroup(metadata: FileMetaData, name: string, group: number): number {
  return Number(chunkOf(metadata, name, group)?.num_values ?? 0n);
}

/** How many bytes of the file a column has in a row group. */
export function bytesInGroup(metadata: FileMetaData, name: string, group: number): number {
  return Number(chunkOf(metadata, name, group)?.total_compressed_size ?? 0n);
}

function chunkOf(metadata: FileMetaData, name: string, group: number): ColumnMetaData | undefined {
  const chunks = metadata.row_groups.filter(({ num_rows: rows }) => rows > 0n)[group]?.columns;
  return chunks?.find(({ meta_data: data }) => data?.path_in_schema[0] === name)?.meta_data;
}

function isList({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted === 'LIST' || logical?.type === 'LIST';
}

function leafOf(column: SchemaTree): SchemaTree {
  let leaf = column;
  for (let depth = 0; depth < 2 && leaf.children.length === 1; depth += 1) leaf = leaf.children[0]!;
  return leaf;
}

function typeOf({ children, element }: SchemaTree): ParquetColumn['type'] {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (children.length > 0) return 'other';
  if (logical?.type === 'FLOAT16') return 'float';
  if (type === 'FLOAT') return 'float';
  if (type === 'DOUBLE') return 'double';
  if (type === 'BYTE_ARRAY')
    return converted === undefined || converted === 'UTF8' ? 'text' : 'other';
  const plain = converted === undefined || /^U?INT_/.test(converted);
  const known = logical === undefined || logical.type === 'INTEGER';
  return (type === 'INT32' || type === 'INT64') && plain && known ? 'integer' : 'other';
}

/** Shorter bytes are put together before they are written. */
const LONG = 2 ** 14;

/** The values of one column, by its name. */
export interface OutputColumn {
  name: string;
  data: unknown[] | Float64Array | Int32Array;
  /** Default: SNAPPY. UNCOMPRESSED for what is compressed already. */
  codec?: CompressionCodec;
  /** Default: a dictionary where it is smaller. PLAIN spares the search for one. */
  encoding?: 'PLAIN';
  /** Whether the least and greatest value are noted. Default: true. */
  statistics?: boolean;
}

/** A Parquet file being written, a row group at a time. */
export interface ParquetOutput {
  writeGroup(columns: OutputColumn[]): Promise<void>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Writes a Parquet file whose bytes depend on what is in it alone; at its path once it is closed.
 * @param columns the schema below its root, depth first
 * @param options metadata: key-value pairs of the footer; pageBytes: a page's, unless one value is
 * larger. A page is copied while it grows: short ones are fast where values are large; sync: whether
 * it is synced when it is closed (true)
 */
export async function openParquetOutput(
  path: string,
  columns: readonly SchemaElement[],
  {
    metadata = {},
    pageBytes = 2 ** 20,
    sync,
  }: { metadata?: Readonly<Record<string, string>>; pageBytes?: number; sync?: boolean } = {},
): Promise<ParquetOutput> {
  const output = await openOutput(path, { sync });
  const bytes = new GatheringWriter();
  const flush = (): Promise<void> => output.write(...bytes.take());
  const top = topLevel(columns);
  const writer = new ParquetWriter({
    writer: Object.assign(bytes, { flush, finish: flush }),
    schema: [{ name: 'root', num_children: top }, ...columns],
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: 'patchml',
  });
  return {
    async writeGroup(columnData) {
      const rowGroupSize = Math.max(1, columnData[0]?.data.length ?? 0);
      await writer.write({ columnData, rowGroupSize, pageSize: pageBytes });
    },
    async close() {
      await writer.finish();
      await output.close();
    },
    discard: () => output.discard(),
  };
}

/** Keeps long pieces as they are, where the library's writer would copy them behind each other. */
class GatheringWriter extends ByteWriter {
  #pieces: Uint8Array[] = [];

  override appendBytes(value: Uint8Array): void {
    if (value.length < LONG) {
      super.appendBytes(value);
      return;
    }
    this.#seal();
    this.#pieces.push(value);
    this.offset += value.length;
  }

  /** What was appended since the last call. */
  take(): Uint8Array[] {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #seal(): void {
    if (this.index > 0) this.#pieces.push(this.getBytes().slice());
    this.index = 0;
  }
}

/** How many of these elements are no children of others. */
function topLevel(elements: readonly SchemaElement[]): number {
  let top = 0;
  let below = 0;
  for (const { num_children: children = 0 } of elements) {
    if (below === 0) top += 1;
    else below -= 1;
    below += children;
  }
  return top;
}
