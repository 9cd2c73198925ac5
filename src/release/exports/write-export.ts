import type { Dataset } from '../../dataset/read-dataset.js';
import { makeFolder } from '../../files/stage-folder.js';
import { writeCoco } from './coco.js';
import { writeCsv } from './csv.js';
import type { ExportOptions } from './export-options.js';
import { writeParquet } from './parquet.js';
import { writeWebDataset } from './webdataset.js';
import { writeYolo } from './yolo.js';

/** The forms that a dataset can be published in, beside `imagefolder`, which it is itself. */
export const EXPORT_NAMES = ['parquet', 'webdataset', 'coco', 'yolo', 'csv'] as const;

export type ExportName = (typeof EXPORT_NAMES)[number];

const WRITERS: Record<
  ExportName,
  (dataset: Dataset, folder: string, options: ExportOptions) => Promise<void>
> = {
  parquet: writeParquet,
  webdataset: writeWebDataset,
  coco: writeCoco,
  yolo: writeYolo,
  csv: writeCsv,
};

/**
 * Writes a dataset in another form. The same dataset gives the same bytes; memory does not grow
 * with the number of images.
 * @param folder made where it is absent; the caller swaps it in when all is written
 * @throws RangeError for a shard size below 1, AbortedError, OutputError
 */
export async function writeExport(
  name: ExportName,
  dataset: Dataset,
  folder: string,
  options: ExportOptions = {},
): Promise<void> {
  const { shardSize = 1 } = options;
  if (!Number.isSafeInteger(shardSize) || shardSize < 1) {
    throw new RangeError(`expected a shard size of 1 image or more, got ${shardSize}`);
  }
  await makeFolder(folder);
  await WRITERS[name](dataset, folder, options);
}
