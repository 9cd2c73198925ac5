import type { FileMetaData } from 'hyparquet';
import { basename, extname } from 'node:path';
import { DatasetError } from '../../errors.js';
import { type ParquetFile, usingParquet } from '../../evaluate/predictions/parquet-file.js';
import { sha256 } from '../../files/digest.js';
import type { Held } from './align-rows.js';
import { GROUP_IMAGES } from './parquet.js';
import { huggingFaceFeatures, PARQUET_SCHEMA } from './parquet-features.js';

/** A row of a shard, as it was read. */
export interface ParquetRow extends Held {
  shard: string;
  /** Digest of the image's bytes. */
  image: string;
  path: string;
  /** The other columns, by their names, as JSON. */
  columns: Record<string, string>;
  /** What is wrong with the shard itself; then there is no row. */
  trouble?: string;
}

/** The columns beside the image. */
export const PLAIN_COLUMNS = [
  'id',
  'k',
  'labels',
  'wnids',
  'objects',
  'sha256',
  'pixels_sha256',
] as const;

const MAX_GROUP_BYTES = 2 ** 30;

/** Reads a shard row by row, a row group at a time; of the images only digests are kept. */
export async function* readParquetRows(path: string, shard: string): AsyncGenerator<ParquetRow> {
  try {
    yield* usingParquet(
      path,
      async function* (file) {
        requireOurs(file.metadata, path);
        for (const group of file.groups) yield* readGroup(file, group, shard);
      },
      { utf8: false },
    );
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    yield { stem: '', shard, image: '', path: '', columns: {}, trouble };
  }
}

/** @throws DatasetError for other columns, or row groups too large to be held */
function requireOurs(metadata: FileMetaData, path: string): void {
  const problem = problemIn(metadata);
  if (problem === undefined) return;
  throw new DatasetError(problem, { code: 'export-invalid', path, fix: 'make the export again' });
}

function problemIn({ schema, row_groups: groups, key_value_metadata: pairs }: FileMetaData) {
  const shape = (elements: typeof schema): string =>
    elements.map(({ name, type, num_children: below }) => [name, type, below].join()).join(';');
  if (shape(schema.slice(1)) !== shape([...PARQUET_SCHEMA])) return 'it has other columns';
  const features = pairs?.find(({ key }) => key === 'huggingface')?.value;
  if (features !== huggingFaceFeatures()) return 'it declares other features';
  const isLarge = groups.some(
    ({ num_rows: rows, total_byte_size: bytes }) => rows > GROUP_IMAGES || bytes > MAX_GROUP_BYTES,
  );
  return isLarge ? `it has a row group of more than ${GROUP_IMAGES} rows` : undefined;
}

async function* readGroup(
  file: ParquetFile,
  group: ParquetFile['groups'][number],
  shard: string,
): AsyncGenerator<ParquetRow> {
  const images = await file.readColumn('image', group);
  const columns: [string, ArrayLike<unknown>][] = [];
  for (const name of PLAIN_COLUMNS) columns.push([name, await file.readColumn(name, group)]);
  for (let row = 0; row < group.end - group.start; row += 1) {
    const { bytes, path } = images[row] as { bytes?: unknown; path?: unknown };
    const name = String(path);
    yield {
      stem: basename(name, extname(name)),
      shard,
      path: name,
      image: bytes instanceof Uint8Array ? sha256(bytes) : '',
      columns: Object.fromEntries(columns.map(([key, values]) => [key, toJson(values[row])])),
    };
  }
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? Number(part) : part,
  );
}
