import { join } from 'node:path';
import type { MetadataRow } from '../../dataset/metadata.js';
import type { Dataset } from '../../dataset/read-dataset.js';
import {
  openParquetOutput,
  type OutputColumn,
  type ParquetOutput,
} from '../../evaluate/predictions/parquet-output.js';
import { makeFolder } from '../../files/stage-folder.js';
import type { ExportOptions } from './export-options.js';
import { exportRows, fileNameOf, splitOf } from './export-rows.js';
import { ImageBuffer } from './image-buffer.js';
import { huggingFaceFeatures, PARQUET_SCHEMA } from './parquet-features.js';
import { writeBehind } from './write-behind.js';

const SHARD_IMAGES = 5000;
/** Images a row group, at most. */
export const GROUP_IMAGES = 100;
/** A row group is held while it is encoded. */
const GROUP_BYTES = 2 ** 25;

/** About an image. */
const PAGE_BYTES = 2 ** 16;

/** What waits for its row group to be full. */
interface Pending {
  rows: MetadataRow[];
  images: Buffer[];
  bytes: number;
}

/**
 * Writes Parquet with the images in it, as Hugging Face `datasets` has it on the Hub:
 * `data/val-00000-of-00004.parquet`, a row an image, the features declared in each file.
 * @param options shardSize: images a file, 5,000 by default
 */
export async function writeParquet(
  dataset: Dataset,
  folder: string,
  options: ExportOptions = {},
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
export function parquetFile(dataset: Dataset, shard: number, shards: number): string {
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

/** The columns beside the image, in their order. */
export const PLAIN_COLUMNS = [
  'id',
  'k',
  'labels',
  'wnids',
  'objects',
  'sha256',
  'pixels_sha256',
] as const;

/** A row's values as Parquet has them: whole numbers are 64 bits wide. */
export function valuesOf(row: MetadataRow): Record<(typeof PLAIN_COLUMNS)[number], unknown> {
  const { id, k, labels, wnids, objects, sha256, pixels_sha256 } = row;
  const { bbox, category, patch, source } = objects;
  return {
    id,
    k: BigInt(k),
    labels: labels.map(BigInt),
    wnids,
    objects: {
      bbox: bbox.map((box) => box.map(BigInt)),
      category: category.map(BigInt),
      patch,
      source,
    },
    sha256,
    pixels_sha256,
  };
}

/** Nearly all of it is images, which are compressed already: no time is spent on the rest. */
const AS_IT_IS = { codec: 'UNCOMPRESSED', encoding: 'PLAIN', statistics: false } as const;

function toColumns({ rows, images }: Pending): OutputColumn[] {
  const values = rows.map(valuesOf);
  const image = rows.map((row, i) => ({ bytes: images[i], path: fileNameOf(row).name }));
  return [
    { name: 'image', data: image, ...AS_IT_IS },
    ...PLAIN_COLUMNS.map((name) => ({ name, data: values.map((row) => row[name]), ...AS_IT_IS })),
  ];
}
