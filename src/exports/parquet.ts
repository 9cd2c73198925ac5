import { basename, extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FileMetaData } from 'hyparquet';
import { type Dataset, type DatasetSummary, splitOf } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import type { Finding, VerifyOptions } from '../dataset/verify.js';
import { DatasetError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { makeFolder } from '../files/folders.js';
import {
  openParquetOutput,
  type OutputColumn,
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
  unreadable,
} from './format.js';
import { type ParquetSchema, parquetSchemaOf } from './row-schema.js';
import { type Held, takeShards, verifyShards } from './shards.js';

const SHARD_IMAGES = 5000;
/** Images per row group, at most. */
const GROUP_IMAGES = 100;
/** A row group is held while it is encoded. */
const GROUP_BYTES = 2 ** 25;

/** About an image. */
const PAGE_BYTES = 2 ** 16;

/** What waits for its row group to be full. */
interface ImageGroup {
  rows: MetadataRow[];
  images: Uint8Array[];
  bytes: number;
}

/**
 * Parquet with the images in it, as Hugging Face `datasets` has it on the Hub:
 * `data/val-00000-of-00004.parquet`, one row per image, the features declared in each file. All images
 * of a file have the same number of objects, so that those of one number can be loaded alone.
 */
export const parquet: ExportFormat = { write: writeParquet, verify: verifyParquet };

async function writeParquet(
  dataset: Dataset,
  folder: string,
  options: ExportOptions,
): Promise<void> {
  await makeFolder(join(folder, 'data'));
  const schema = parquetSchemaOf(dataset.fields);
  const rows = exportRows(dataset, options);
  for (const shard of parquetShards(dataset.summary, options.shardSize)) {
    const output = await openParquetOutput(join(folder, shard.file), schema.elements, {
      metadata: { huggingface: schema.features },
      pageBytes: PAGE_BYTES,
      sync: false, // the folder is, with all in it
    });
    try {
      await writeGroups(output, { dataset, schema, rows, shard });
    } catch (error) {
      await output.discard();
      throw error;
    }
    await output.close();
  }
  await rows.next(); // behind the last row: there is none, or the metadata is wrong
}

/** A file of the export. */
export interface ParquetShard {
  file: string;
  /** The number of objects in each of its images. */
  k: number;
  images: number;
}

/**
 * The files of a dataset's export, in their order.
 * @param shardSize images per file, at most. Default: 5,000
 */
export function parquetShards(
  summary: DatasetSummary,
  shardSize: number = SHARD_IMAGES,
): ParquetShard[] {
  const parts = Object.entries(summary.counts).flatMap(([k, count]) =>
    Array.from({ length: Math.ceil(count / shardSize) }, (_, part) => ({
      k: Number(k),
      images: Math.min(shardSize, count - part * shardSize),
    })),
  );
  const split = splitOf(summary);
  return parts.map((part, at) => ({ ...part, file: parquetFile(split, at, parts.length) }));
}

/** The file of a shard, counted from 0. */
function parquetFile(split: string, shard: number, shards: number): string {
  const digits = (number: number): string => String(number).padStart(5, '0');
  return `data/${split}-${digits(shard)}-of-${digits(shards)}.parquet`;
}

interface Filling {
  dataset: Dataset;
  schema: ParquetSchema;
  rows: AsyncGenerator<MetadataRow>;
  shard: ParquetShard;
}

async function writeGroups(
  output: ParquetOutput,
  { dataset, schema, rows, shard }: Filling,
): Promise<void> {
  const groups = writeBehind((group: ImageGroup) => output.writeGroup(toColumns(schema, group)));
  let pending: ImageGroup = { rows: [], images: [], bytes: 0 };
  const memory = new ImageBuffer();
  const flush = async (): Promise<void> => {
    if (pending.rows.length > 0) await groups.next(pending);
    memory.clear(); // the images are in their pages by now
    pending = { rows: [], images: [], bytes: 0 };
  };
  for (let written = 0; written < shard.images; written += 1) {
    const next = await rows.next();
    if (next.done === true) break;
    const row = next.value;
    if (row.k !== shard.k) throw outOfOrder(dataset, row, shard);
    const image = memory.read(dataset.pathOf(row));
    pending.rows.push(row);
    pending.images.push(image);
    pending.bytes += image.length;
    if (pending.rows.length >= GROUP_IMAGES || pending.bytes >= GROUP_BYTES) await flush();
  }
  await flush();
  await groups.end();
}

function outOfOrder(
  { folder }: Dataset,
  { id, k }: MetadataRow,
  shard: ParquetShard,
): DatasetError {
  return new DatasetError(`${id} has ${k} objects, but dataset.json says ${shard.k}`, {
    code: 'dataset-invalid',
    path: folder,
    fix: 'check it with "patchml verify"',
  });
}

/** Nearly all of it is images, which are compressed already: no time is spent on the rest. */
const AS_IT_IS = { codec: 'UNCOMPRESSED', encoding: 'PLAIN', statistics: false } as const;

function toColumns(schema: ParquetSchema, { rows, images }: ImageGroup): OutputColumn[] {
  const values = rows.map((row) => withBytes(schema.valuesOf(row)) as Record<string, unknown>);
  const image = rows.map((row, i) => ({
    bytes: images[i],
    path: Buffer.from(fileNameOf(row).name),
  }));
  return [
    { name: 'image', data: image, ...AS_IT_IS },
    ...schema.columns.map((name) => ({ name, data: values.map((row) => row[name]), ...AS_IT_IS })),
  ];
}

/** The same with texts as bytes, which share memory; the library would make memory for each. */
function withBytes(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value);
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withBytes(part)]));
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
async function* readParquetRows(path: string, schema: ParquetSchema): AsyncGenerator<ParquetRow> {
  const groups = usingParquet(
    path,
    async function* (file) {
      const problem = problemIn(file.metadata, schema);
      if (problem !== undefined) throw unreadable(problem);
      const names = ['image', ...schema.columns];
      for (const group of file.groups) {
        yield await Promise.all(names.map((name) => file.readColumn(name, group)));
      }
    },
    { utf8: false, refuse: (_kind, problem, { cause }) => unreadable(problem, cause) },
  );
  for await (const columns of readAhead(groups, 1)) yield* rowsOf(columns, schema);
}

function problemIn(
  { schema: got, row_groups: groups, key_value_metadata: pairs }: FileMetaData,
  schema: ParquetSchema,
): string | undefined {
  const shape = (elements: typeof got): string =>
    elements.map(({ name, type, num_children: below }) => [name, type, below].join()).join(';');
  if (shape(got.slice(1)) !== shape([...schema.elements])) return 'its columns differ';
  const features = pairs?.find(({ key }) => key === 'huggingface')?.value;
  if (features !== schema.features) return 'its features differ';
  const isLarge = groups.some(
    ({ num_rows: rows, total_byte_size: bytes }) => rows > GROUP_IMAGES || bytes > MAX_GROUP_BYTES,
  );
  return isLarge ? `it has a row group of more than ${GROUP_IMAGES} rows` : undefined;
}

function rowsOf(
  [images, ...columns]: readonly ArrayLike<unknown>[],
  schema: ParquetSchema,
): ParquetRow[] {
  return Array.from(images!, (image, row) => {
    const { bytes, path } = (image ?? {}) as { bytes?: unknown; path?: unknown };
    const name = String(path);
    return {
      stem: basename(name, extname(name)),
      path: name,
      image: bytes instanceof Uint8Array ? sha256(bytes) : '',
      values: Object.fromEntries(schema.columns.map((name, i) => [name, columns[i]![row]])),
    };
  });
}

/** Checks the columns and features of every shard, and every value of every row. */
function verifyParquet(
  dataset: Dataset,
  files: ExportFiles,
  options: VerifyOptions,
): AsyncIterable<Finding> {
  const split = splitOf(dataset.summary);
  const schema = parquetSchemaOf(dataset.fields);
  const name = `^data/${split}-(\\d{5})-of-`;
  const first = files
    .names('data')
    .find((file) => new RegExp(`${name}\\d{5}\\.parquet$`).test(file));
  const [, total = '00001'] = /-of-(\d{5})\.parquet$/.exec(first ?? '') ?? [];
  const shards = takeShards(
    files,
    'data',
    new RegExp(`${name}${total}\\.parquet$`),
    (shard) => parquetFile(split, shard, Number(total)),
    Number(total),
  );
  const read = (file: string): AsyncIterable<ParquetRow> =>
    readParquetRows(files.path(file), schema);
  const compare = (row: MetadataRow, got: ParquetRow, file: string): Iterable<Finding> =>
    compareRow(row, got, schema, file);
  return verifyShards(dataset, shards, { read, compare, foreign, noun: 'row of' }, options);
}

function* foreign({ path }: ParquetRow, file: string): Generator<Finding> {
  yield { problem: 'extra', file, detail: `row of ${shown(path)}` };
}

function* compareRow(
  row: MetadataRow,
  got: ParquetRow,
  schema: ParquetSchema,
  file: string,
): Generator<Finding> {
  const changed = (column: string, how: string): Finding => ({
    problem: 'changed',
    file,
    detail: `row of ${row.id}, ${column}: ${how}`,
  });
  if (got.image !== row.sha256) yield changed('image', 'different bytes');
  const path = fileNameOf(row).name;
  if (got.path !== path) yield changed('image', differenceOf(path, got.path));
  const wanted = schema.valuesOf(row);
  for (const column of schema.columns) {
    const [want, value] = [wanted[column], got.values[column]];
    if (isDeepStrictEqual(want, value)) continue;
    yield changed(column, differenceOf(plainJson(want), plainJson(value)));
  }
}

function plainJson(value: unknown): string {
  const plain = (_: string, part: unknown): unknown =>
    typeof part === 'bigint' ? Number(part) : part;
  return JSON.stringify(value, plain);
}
