import { closeSync, fstatSync, readSync } from 'node:fs';
import { basename, extname, join, posix } from 'node:path';
import type { Dataset, DatasetSummary } from '../dataset/dataset.js';
import { IMAGES_FOLDER } from '../dataset/image-files.js';
import type { MetadataRow } from '../dataset/row.js';
import type { Finding, VerifyOptions } from '../dataset/verify.js';
import { DatasetError, ReleaseError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { byteOrder, openListing, walk } from '../files/listing.js';
import { MAX_IMAGE_BYTES, openRegularSync, readRegularFileSync } from '../files/read-file.js';
import { type ClassIndex, classOf, type Wnid } from '../imagenet/synsets.js';
import { reportEvery, type Stage, type StageOptions, throwIfAborted } from '../progress.js';

/** A form that a dataset can be published in: how it is written, and how it is checked. */
export interface ExportFormat {
  /**
   * Writes the export into a folder that is there. The same dataset gives the same bytes; memory
   * does not grow with the number of images.
   */
  write: (dataset: Dataset, folder: string, options: ExportOptions) => Promise<void>;
  /**
   * Compares an export with its dataset and takes the files that belong to it. Nothing in it is
   * trusted: no more of it is held than a row group or a line.
   */
  verify: (dataset: Dataset, files: ExportFiles, options: VerifyOptions) => AsyncIterable<Finding>;
}

export interface ExportOptions extends Omit<StageOptions, 'jobs'> {
  /** Images per shard, 1 or more. Default: 5,000 (parquet), 1,000 (webdataset); others have none. */
  shardSize?: number | undefined;
  /** As progress names it. Default: release. */
  stage?: Stage;
}

/**
 * The rows of a dataset for one of its exports, with progress and the signal looked after.
 * @throws DatasetError as {@link Dataset.rows}
 */
export async function* exportRows(
  { summary: { images: total }, rows }: Dataset,
  { stage = 'release', ...options }: ExportOptions = {},
): AsyncGenerator<MetadataRow> {
  let done = 0;
  for await (const row of rows()) {
    throwIfAborted(options.signal, stage);
    yield row;
    done += 1;
    await reportEvery(50, { stage, done, total, unit: 'images' }, options);
  }
}

/**
 * The bytes of a row's image file. Synchronous: for a dataset's small files that is twice as fast.
 * @throws OutputError that names the file where it cannot be read
 */
export function readImage(dataset: Dataset, row: MetadataRow): Uint8Array {
  return readRegularFileSync(dataset.pathOf(row), { maxBytes: MAX_IMAGE_BYTES });
}

/** A row's image by its file name: `k3-000017.png`, `k3-000017`. Never leads out of a folder. */
export function fileNameOf({ file_name: file }: MetadataRow): { name: string; stem: string } {
  return { name: basename(file), stem: basename(file, extname(file)) };
}

/** A row's image by its path below the dataset's images: `k3/0001/k3-010017`, `k3-000017`. */
export function imagePlaceOf({ file_name: file }: MetadataRow): { place: string; end: string } {
  const end = extname(file);
  return { place: file.slice(`${IMAGES_FOLDER}/`.length, file.length - end.length), end };
}

/** The files of an export that is being checked. */
export interface ExportFiles {
  path: (file: string) => string;
  /** The paths of a folder's own files that are not yet taken, in byte order. */
  names: (folder: string) => string[];
  /** A file that the export has: its size, and it is no surprise from here on. */
  take: (file: string) => number | undefined;
  /** What was not taken. */
  surprises: () => Promise<Finding[]>;
}

/**
 * Opens an export's files. Links that lead out of the folder are there, but cannot be taken. Memory
 * holds the names of the folders of which some files are not yet taken.
 */
export async function openExport(folder: string): Promise<ExportFiles> {
  const find = await openListing(folder);
  const left = new Map<string, Set<string>>();
  const leftIn = (below: string): Set<string> => {
    const known = left.get(below);
    if (known) return known;
    const names = new Set(find.namesIn(below));
    left.set(below, names);
    return names;
  };
  return {
    path: (file) => join(folder, file),
    names: (below) => [...leftIn(below)].map((name) => posix.join(below, name)).sort(byteOrder),
    take(file) {
      const names = leftIn(folderOf(file));
      const size = names.has(posix.basename(file)) ? (find.file(file)?.size ?? -1) : -1;
      if (size < 0) return undefined;
      names.delete(posix.basename(file));
      return size;
    },
    async surprises() {
      const files: Finding[] = [];
      for await (const entries of walk(folder)) {
        for (const { path, entry, isFolder } of entries) {
          if (isFolder || left.get(folderOf(path))?.has(entry.name) === false) continue;
          files.push({ problem: 'extra', file: path, detail: find.file(path)?.link });
        }
      }
      return files.sort((a, b) => byteOrder(a.file, b.file));
    },
  };
}

function folderOf(file: string): string {
  return file.includes('/') ? posix.dirname(file) : '';
}

/** The error for a file of an export that is truncated, or not of the kind that it claims. */
export function unreadable(problem: string, cause?: unknown): ReleaseError {
  return new ReleaseError(problem, { code: 'export-unreadable', cause });
}

const SHOWN = 60;
/** Of what two texts share before they part. */
const SHARED = 20;

/** A text that may hold anything, as it can stand in a report. */
export function shown(text: string): string {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  return `"${short.replaceAll(/\p{C}/gu, ' ')}"`; // no place for a terminal's commands
}

/** Where two texts part, and what each says there. */
export function differenceOf(want: string, got: string): string {
  let same = 0;
  while (same < want.length && want[same] === got[same]) same += 1;
  const from = Math.max(0, same - SHARED);
  return `expected ${shown(want.slice(from))}, got ${shown(got.slice(from))}`;
}

const FIRST_BYTES = 2 ** 20;

/** Images' bytes in memory that is used again and again: fresh memory costs more than reading. */
export class ImageBuffer {
  #memory = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;

  /**
   * The bytes of a file, until `clear` is called.
   * @throws OutputError that names the file where it cannot be read
   */
  read(path: string): Uint8Array {
    try {
      return this.#read(path);
    } catch (error) {
      throw explainError(error, path);
    }
  }

  /** Takes the memory of all that was read for what is read next. */
  clear(): void {
    this.#used = 0;
  }

  #read(path: string): Uint8Array {
    const file = openRegularSync(path, { maxBytes: MAX_IMAGE_BYTES });
    try {
      const { size } = fstatSync(file);
      if (this.#used + size > this.#memory.length) {
        this.#memory = Buffer.allocUnsafeSlow(Math.max(2 * this.#memory.length, size));
        this.#used = 0; // what was read keeps the memory before
      }
      const bytes = this.#memory.subarray(this.#used, this.#used + size);
      let length = 0;
      for (let read = 1; read > 0; length += read) {
        read = readSync(file, bytes, length, size - length, null);
      }
      this.#used += length;
      return bytes.subarray(0, length);
    } finally {
      closeSync(file);
    }
  }
}

/** A class of a dataset, and how many images it is in. */
export interface PresentClass {
  index: ClassIndex;
  wnid: Wnid;
  images: number;
}

/** The classes that are in a dataset, by class index. @throws DatasetError for no synset of ours */
export function classesIn({ classes }: DatasetSummary): PresentClass[] {
  return Object.entries(classes)
    .map(([wnid, images]) => ({ index: indexOf(wnid), wnid, images }))
    .sort((a, b) => a.index - b.index);
}

function indexOf(wnid: Wnid): ClassIndex {
  const index = classOf(wnid);
  if (index !== undefined) return index;
  throw new DatasetError(`"${wnid}" is not one of the 1,000 synsets`, {
    code: 'dataset-invalid',
    place: 'classes',
    fix: 'generate the dataset again',
  });
}
