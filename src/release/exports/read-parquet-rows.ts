import type { FileMetaData } from 'hyparquet';
import { basename, extname } from 'node:path';
import { DatasetError } from '../../errors.js';
import { type ParquetFile, usingParquet } from '../../evaluate/predictions/parquet-file.js';
import { sha256 } from '../../files/digest.js';
import { readAhead } from '../../parallel/read-ahead.js';
import type { Held } from './align-rows.js';
import { GROUP_IMAGES, PLAIN_COLUMNS } from './parquet.js';
import { huggingFaceFeatures, PARQUET_SCHEMA } from './parquet-features.js';

/** A row of a shard, as it was read. */
export interface ParquetRow extends Held {
  shard: string;
  /** Digest of the image's bytes. */
  image: string;
  path: string;
  /** The values of the other columns, by their names. */
  values: Record<string, unknown>;
  /** What is wrong with the shard itself; then there is no row. */
  trouble?: string;
}

const MAX_GROUP_BYTES = 2 ** 30;

/**
 * Reads a shard row by row, while the row group behind is read; of the images only digests are
 * kept.
 */
export async function* readParquetRows(path: string, shard: string): AsyncGenerator<ParquetRow> {
  try {
    const groups = usingParquet(
      path,
      async function* (file) {
        requireOurs(file.metadata, path);
        for (const group of file.groups) yield await readGroup(file, group, shard);
      },
      { utf8: false },
    );
    for await (const rows of readAhead(groups, 1)) yield* rows;
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    yield { stem: '', shard, image: '', path: '', values: {}, trouble };
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

async function readGroup(
  file: ParquetFile,
  group: ParquetFile['groups'][number],
  shard: string,
): Promise<ParquetRow[]> {
  const [images, ...columns] = await Promise.all(
    (['image', ...PLAIN_COLUMNS] as const).map((name) => file.readColumn(name, group)),
  );
  return Array.from(images!, (image, row) => {
    const { bytes, path } = image as { bytes?: unknown; path?: unknown };
    const name = String(path);
    return {
      stem: basename(name, extname(name)),
      shard,
      path: name,
      image: bytes instanceof Uint8Array ? sha256(bytes) : '',
      values: Object.fromEntries(PLAIN_COLUMNS.map((name, i) => [name, columns[i]![row]])),
    };
  });
}
