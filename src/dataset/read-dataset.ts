import { join } from 'node:path';
import {
  type DatasetLock,
  type DatasetSummary,
  readDatasetSummary,
  readLock,
} from './dataset-files.js';
import { type MetadataRow, readMetadata } from './metadata.js';

/** A dataset folder, opened for reading. */
export interface Dataset {
  folder: string;
  summary: DatasetSummary;
  lock: DatasetLock;
  /** The metadata, an image at a time, in the dataset's order. */
  rows: () => AsyncIterable<MetadataRow>;
  /** The path of a row's image file. */
  pathOf: (row: MetadataRow) => string;
}

/** Opens a dataset folder. @throws DatasetError when it is none */
export async function readDataset(folder: string): Promise<Dataset> {
  return {
    folder,
    summary: await readDatasetSummary(folder),
    lock: await readLock(folder),
    rows: () => readMetadata(folder),
    pathOf: (row) => join(folder, row.file_name),
  };
}
