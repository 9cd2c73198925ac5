import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readSizedJsonLines } from '../files/json.js';
import { byteOrder } from '../files/listing.js';
import type { ByteRange } from '../files/read-file.js';
import { type Dataset, type DatasetLock, METADATA_FILE, readMetadata } from './dataset.js';
import { isImageFile } from './image-files.js';
import type { MetadataRow } from './row.js';

/** A file of a dataset and its SHA-256. */
export interface FileDigest {
  path: string;
  sha256: string;
}

type ImageRow = Pick<MetadataRow, 'file_name' | 'sha256'>;

/**
 * The images of a dataset in byte order of their files, which is not the order of its rows. Memory
 * does not grow with their number: what is kept of many rows is where in the metadata they ascend.
 */
export interface ImageOrder {
  /** Takes the next row. @param bytes of its line in the metadata */
  add(row: ImageRow, bytes: number): void;
  /**
   * The images of all rows that were taken.
   * @param folder has the metadata with these rows, and no others
   * @throws DatasetError where it cannot be read
   */
  read(folder: string): AsyncGenerator<FileDigest>;
}

/** So few images are kept, instead of read again. */
const FEW_IMAGES = 10_000;

/**
 * Files that are read at once. A plan's rows ascend within each number of patches, so that there are
 * as many runs as numbers of patches; rows that somebody has shuffled are sorted in memory.
 */
const MAX_RUNS = 256;

export function openImageOrder(limits = { few: FEW_IMAGES, runs: MAX_RUNS }): ImageOrder {
  let few: FileDigest[] | undefined = [];
  const runs: ByteRange[] = []; // of the metadata, in which files ascend
  let last = '';
  let end = 0;
  return {
    add({ file_name, sha256 }, bytes) {
      few?.push({ path: file_name, sha256 });
      if (few && few.length > limits.few) few = undefined;
      const isNext = runs.length > 0 && byteOrder(last, file_name) <= 0;
      if (isNext || runs.length > limits.runs) runs.at(-1)!.end = end + bytes;
      else runs.push({ start: end, end: end + bytes });
      last = file_name;
      end += bytes;
    },
    async *read(folder) {
      const path = join(folder, METADATA_FILE);
      if (few) yield* inOrder(few);
      else if (runs.length <= limits.runs && (await stat(path)).size === end) {
        yield* merge(runs.map((run) => readImages(path, run)));
      } else {
        // Shuffled, or not UTF-8, so that the bytes of its lines are others than were counted.
        const all: FileDigest[] = [];
        for await (const image of readImages(path)) all.push(image);
        yield* inOrder(all);
      }
    },
  };
}

function inOrder(files: readonly FileDigest[]): FileDigest[] {
  return [...files].sort((a, b) => byteOrder(a.path, b.path));
}

async function* readImages(path: string, range?: ByteRange): AsyncGenerator<FileDigest> {
  for await (const { value } of readSizedJsonLines(path, range)) {
    const { file_name, sha256 } = value as ImageRow;
    yield { path: file_name, sha256 };
  }
}

/**
 * All files of a dataset but the lock, in byte order.
 * @param images in byte order; left out for a lock that lists them
 */
export function filesInOrder(
  { files }: Pick<DatasetLock, 'files'>,
  images?: AsyncGenerator<FileDigest>,
): AsyncGenerator<FileDigest> {
  const listed = Object.entries(files).map(([path, sha256]) => ({ path, sha256 }));
  const sorted: Iterator<FileDigest> = inOrder(listed)[Symbol.iterator]();
  return merge(images ? [sorted, images] : [sorted]);
}

/**
 * All files of a dataset but the lock, in byte order: what its lock and its metadata say, unchecked.
 * @throws DatasetError where the metadata is damaged
 */
export async function* datasetFiles(dataset: Dataset): AsyncGenerator<FileDigest> {
  const { folder, lock, fields } = dataset;
  if (Object.keys(lock.files).some(isImageFile)) {
    yield* filesInOrder(lock);
    return;
  }
  const order = openImageOrder();
  const rows = readMetadata(folder, fields, order);
  while ((await rows.next()).done !== true); // the order takes them
  yield* filesInOrder(lock, order.read(folder));
}

async function* merge(
  sources: readonly (Iterator<FileDigest> | AsyncIterator<FileDigest>)[],
): AsyncGenerator<FileDigest> {
  const heads: { source: (typeof sources)[number]; file: FileDigest }[] = [];
  try {
    for (const source of sources) {
      const next = await source.next();
      if (next.done !== true) heads.push({ source, file: next.value });
    }
    while (heads.length > 0) {
      const first = heads.reduce((least, head) =>
        byteOrder(head.file.path, least.file.path) < 0 ? head : least,
      );
      yield first.file;
      const next = await first.source.next();
      if (next.done === true) heads.splice(heads.indexOf(first), 1);
      else first.file = next.value;
    }
  } finally {
    for (const source of sources) await source.return?.();
  }
}

/** The digest of a dataset while its files pass by. */
export interface DatasetDigest {
  add(file: FileDigest): void;
  digest(): string;
}

/**
 * The digest of a dataset: SHA-256 over a line `<sha256>  <path>` for each file but the lock, in byte
 * order of their paths, as `sha256sum` writes them.
 */
export function openDatasetDigest(): DatasetDigest {
  const hash = createHash('sha256');
  return {
    add({ path, sha256 }) {
      hash.update(`${sha256}  ${path}\n`);
    },
    digest: () => hash.digest('hex'),
  };
}

/** {@link openDatasetDigest} of these. */
export async function datasetDigest(files: AsyncIterable<FileDigest>): Promise<string> {
  const digest = openDatasetDigest();
  for await (const file of files) digest.add(file);
  return digest.digest();
}
