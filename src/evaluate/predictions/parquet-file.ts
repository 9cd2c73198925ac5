import { open } from 'node:fs/promises';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetScan } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { problemIn, unreadable } from './prediction-errors.js';

/** A Parquet file while it is open. */
export interface ParquetFile {
  metadata: FileMetaData;
  /** First row, and the one behind the last, of each row group. */
  groups: readonly { start: number; end: number }[];
  /** The values of a column in a row group. */
  readColumn: (name: string, group: { start: number; end: number }) => Promise<ArrayLike<unknown>>;
}

/** No page that anybody writes is larger. */
const MAX_PAGE_BYTES = 2 ** 30;

const bounded = Object.fromEntries(
  Object.entries(compressors).map(([codec, expand]) => [
    codec,
    (input: Uint8Array, length: number): Uint8Array => {
      if (length > MAX_PAGE_BYTES) throw new RangeError(`a page says that it is ${length} bytes`);
      return expand(input, length);
    },
  ]),
);

/**
 * Opens a Parquet file, gives it to `use`, and closes it.
 * @param options utf8: whether bytes that are not said to be text are taken for it (true)
 * @throws EvaluationError `predictions-unreadable` where it is torn or none
 */
export async function* usingParquet<T>(
  path: string,
  use: (file: ParquetFile) => AsyncIterable<T>,
  { utf8 = true }: { utf8?: boolean } = {},
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
    yield* use(await openColumns(file, path, utf8));
  } catch (error) {
    throw unreadable(error, path, 'this is not a whole Parquet file');
  } finally {
    await handle.close();
  }
}

/** What {@link usingParquet} is for where there is one result. */
export async function withParquet<T>(
  path: string,
  use: (file: ParquetFile) => Promise<T> | T,
): Promise<T> {
  const results = usingParquet(path, async function* (file) {
    yield await use(file);
  });
  for await (const result of results) return result;
  throw new Error('nothing was read');
}

async function openColumns(file: AsyncBuffer, path: string, utf8: boolean): Promise<ParquetFile> {
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  let end = 0;
  const groups = metadata.row_groups
    .map(({ num_rows: rows }) => ({ start: end, end: (end += Number(rows)) }))
    .filter((group) => group.end > group.start);
  if (end !== Number(metadata.num_rows)) {
    const problem = `its row groups hold ${end} rows, not the ${metadata.num_rows} it says`;
    throw problemIn(path, 'predictions-unreadable', problem, { fix: 'write it again' });
  }
  const scan = await parquetScan({ file, metadata, compressors: bounded, utf8 });
  return {
    metadata,
    groups,
    async readColumn(column, { start, end: behind }) {
      const values = await scan.readColumn({ column, rowStart: start, rowEnd: behind });
      if (values.length === behind - start) return values as ArrayLike<unknown>;
      const problem = `expected ${behind - start} values, got ${values.length}`;
      throw problemIn(path, 'predictions-truncated', problem, {
        place: `column "${column}", row ${start}`,
        fix: 'write it again',
      });
    },
  };
}
