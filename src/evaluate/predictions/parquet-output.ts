import type { CompressionCodec, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { openOutput } from './output-file.js';

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
 * larger. A page is copied while it grows: short ones are fast where values are large
 */
export async function openParquetOutput(
  path: string,
  columns: readonly SchemaElement[],
  {
    metadata = {},
    pageBytes = 2 ** 20,
  }: { metadata?: Readonly<Record<string, string>>; pageBytes?: number } = {},
): Promise<ParquetOutput> {
  const output = await openOutput(path);
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
