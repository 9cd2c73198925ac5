import { basename, extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FileMetaData } from 'hyparquet';
import type { Dataset } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import type { Finding, VerifyOptions } from '../dataset/verify.js';
import { sha256 } from '../files/digest.js';
import { makeFolder } from '../files/folders.js';
import {
  openParquetOutput,
  type OutputColumn,
  type ParquetFile,
  type ParquetOutput,
  usingParquet,
} from '../files/parquet.js';
import { readAhead, writeBehind } from '../parallel/ordered.js';
import {
  differenceOf,
  type ExportFiles,
  type ExportFormat,
  type ExportOptions,
  exportRows,
  fileNameOf,
  ImageBuffer,
  shown,
  splitOf,
  unreadable,
} from './format.js';
import { huggingFaceFeatures, PARQUET_SCHEMA, parquetValues, PLAIN_COLUMNS } from './row-schema.js';
import { type Held, takeShards, verifyShards } from './shards.js';

const SHARD_IMAGES = 5000;
/** Images a row group, at most. */
const GROUP_IMAGES = 100;
/** A row group is held while it is encoded. */
const GROUP_BYTES = 2 ** 25;

/** About an image. */
const PAGE_BYTES = 2 ** 16;

/** What waits for its row group to be full. */
interface Pending {
  rows: MetadataRow[];
  images: Uint8Array[];
  bytes: number;
}

/**
 * Parquet with the images in it, as Hugging Face `datasets` has it on the Hub:
 * `data/val-00000-of-00004.parquet`, a row an image, the features declared in each file.
 */
export const parquet: ExportFormat = { write: writeParquet, verify: verifyParquet };

async function writeParquet(
  dataset: Dataset,
  folder: string,
  options: ExportOptions,
): Promise<void> {
  const { shardSize = SHARD_IMAGES } = options;
  const shards = Math.max(1, Math.ceil(dataset.summary.images / shardSize));
  await makeFolder(join(folder, 'data'));
  const rows = exportRows(dataset, options);
  for (let shard = 0; shard < shards; shard += 1) {
    const path = join(folder, parquetFile(dataset, shard, shards));
    const output = await openParquetOutput(path, PARQUET_SCHEMA, {
      metadata: { huggingface: huggingFaceFeatures() },
      pageBytes: PAGE_BYTES,
    });
    try {
      await fill(output, dataset, rows, shardSize);
    } catch (error) {
      await output.discard();
      throw error;
    }
    await output.close();
  }
  await rows.next(); // behind the last row: there is none, or the metadata is wrong
}

/** The file of a shard, counted from 0. */
function parquetFile(dataset: Dataset, shard: number, shards: number): string {
  const digits = (number: number): string => String(number).padStart(5, '0');
  return `data/${splitOf(dataset)}-${digits(shard)}-of-${digits(shards)}.parquet`;
}

async function fill(
  output: ParquetOutput,
  dataset: Dataset,
  rows: AsyncGenerator<MetadataRow>,
  images: number,
): Promise<void> {
  const groups = writeBehind((group: Pending) => output.writeGroup(toColumns(group)));
  let pending: Pending = { rows: [], images: [], bytes: 0 };
  const memory = new ImageBuffer();
  const flush = async (): Promise<void> => {
    if (pending.rows.length > 0) await groups.next(pending);
    memory.clear(); // the images are in their pages by now
    pending = { rows: [], images: [], bytes: 0 };
  };
  for (let written = 0; written < images; written += 1) {
    const next = await rows.next();
    if (next.done === true) break;
    const row = next.value;
    const image = memory.read(dataset.pathOf(row));
    pending.rows.push(row);
    pending.images.push(image);
    pending.bytes += image.length;
    if (pending.rows.length >= GROUP_IMAGES || pending.bytes >= GROUP_BYTES) await flush();
  }
  await flush();
  await groups.end();
}

/** Nearly all of it is images, which are compressed already: no time is spent on the rest. */
const AS_IT_IS = { codec: 'UNCOMPRESSED', encoding: 'PLAIN', statistics: false } as const;

function toColumns({ rows, images }: Pending): OutputColumn[] {
  const values = rows.map(parquetValues);
  const image = rows.map((row, i) => ({ bytes: images[i], path: fileNameOf(row).name }));
  return [
    { name: 'image', data: image, ...AS_IT_IS },
    ...PLAIN_COLUMNS.map((name) => ({ name, data: values.map((row) => row[name]), ...AS_IT_IS })),
  ];
}

/** A row of a shard, as it was read. */
interface ParquetRow extends Held {
  /** Digest of the image's bytes. */
  image: string;
  path: string;
  /** The values of the other columns, by their names. */
  values: Record<string, unknown>;
}

const MAX_GROUP_BYTES = 2 ** 30;

/**
 * Reads a shard row by row, while the next row group is read; of the images only digests are kept.
 * @throws ReleaseError `export-unreadable` for a file that is truncated, not Parquet, of other
 * columns, or with row groups too large to be held
 */
async function* readParquetRows(path: string): AsyncGenerator<ParquetRow> {
  const groups = usingParquet(
    path,
    async function* (file) {
      const problem = problemIn(file.metadata);
      if (problem !== undefined) throw unreadable(problem);
      for (const group of file.groups) yield await readGroup(file, group);
    },
    { utf8: false, refuse: (_kind, problem, { cause }) => unreadable(problem, cause) },
  );
  for await (const rows of readAhead(groups, 1)) yield* rows;
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
): Promise<ParquetRow[]> {
  const [images, ...columns] = await Promise.all(
    ['image', ...PLAIN_COLUMNS].map((name) => file.readColumn(name, group)),
  );
  return Array.from(images!, (image, row) => {
    const { bytes, path } = (image ?? {}) as { bytes?: unknown; path?: unknown };
    const name = String(path);
    return {
      stem: basename(name, extname(name)),
      path: name,
      image: bytes instanceof Uint8Array ? sha256(bytes) : '',
      values: Object.fromEntries(PLAIN_COLUMNS.map((name, i) => [name, columns[i]![row]])),
    };
  });
}

/** Checks the columns and features of every shard, and every value of every row. */
function verifyParquet(
  dataset: Dataset,
  files: ExportFiles,
  options: VerifyOptions,
): AsyncIterable<Finding> {
  const name = `^data/${splitOf(dataset)}-(\\d{5})-of-`;
  const first = files.names().find((file) => new RegExp(`${name}\\d{5}\\.parquet$`).test(file));
  const [, total = '00001'] = /-of-(\d{5})\.parquet$/.exec(first ?? '') ?? [];
  const shards = takeShards(
    files,
    new RegExp(`${name}${total}\\.parquet$`),
    (shard) => parquetFile(dataset, shard, Number(total)),
    Number(total),
  );
  const read = (file: string): AsyncIterable<ParquetRow> => readParquetRows(files.path(file));
  return verifyShards(dataset, shards, { read, compare, foreign, noun: 'row of' }, options);
}

function* foreign({ path }: ParquetRow, file: string): Generator<Finding> {
  yield { problem: 'extra', file, detail: `row of ${shown(path)}` };
}

function* compare(row: MetadataRow, got: ParquetRow, file: string): Generator<Finding> {
  const changed = (column: string, how: string): Finding => ({
    problem: 'changed',
    file,
    detail: `row of ${row.id}, ${column}: ${how}`,
  });
  if (got.image !== row.sha256) yield changed('image', 'other bytes');
  const path = fileNameOf(row).name;
  if (got.path !== path) yield changed('image', differenceOf(path, got.path));
  const wanted = parquetValues(row);
  for (const column of PLAIN_COLUMNS) {
    const [want, value] = [wanted[column], got.values[column]];
    if (isDeepStrictEqual(want, value)) continue;
    yield changed(column, differenceOf(toJson(want), toJson(value)));
  }
}

function toJson(value: unknown): string {
  const plain = (_: string, part: unknown): unknown =>
    typeof part === 'bigint' ? Number(part) : part;
  return JSON.stringify(value, plain);
}
