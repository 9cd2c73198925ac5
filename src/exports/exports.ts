import type { Dataset } from '../dataset/dataset.js';
import type { Finding, VerifyOptions } from '../dataset/verify.js';
import { exists, makeFolder } from '../files/folders.js';
import { coco } from './coco.js';
import { csv } from './csv.js';
import { type ExportFormat, type ExportOptions, listExport } from './format.js';
import { parquet } from './parquet.js';
import { webdataset } from './webdataset.js';
import { yolo } from './yolo.js';

/** The forms that a dataset can be published in, beside `imagefolder`, which it is itself. */
export const EXPORT_NAMES = ['parquet', 'webdataset', 'coco', 'yolo', 'csv'] as const;

export type ExportName = (typeof EXPORT_NAMES)[number];

const FORMATS: Record<ExportName, ExportFormat> = { parquet, webdataset, coco, yolo, csv };

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
  await FORMATS[name].write(dataset, folder, options);
}

/** A foreign file of a million lines is not to be reported line by line. */
const MAX_FINDINGS = 1000;

/**
 * Reads an export back and compares it with its dataset, image by image: labels, boxes, and the
 * bytes of the images by their digests. Nothing in the export is trusted: no more of it is held
 * than a row group or a line, no link out of the folder is followed.
 * @param dataset verified before; what it says is what the export must say
 * @param folder of the export
 * @param options digestOf: by a file's path in the export, where it is known
 * @returns findings as they are made; their files are named from the folder
 * @throws DatasetError where the dataset itself is not whole, AbortedError
 */
export async function* verifyExport(
  name: ExportName,
  dataset: Dataset,
  folder: string,
  options: VerifyOptions = {},
): AsyncGenerator<Finding> {
  if (!(await exists(folder))) {
    yield { problem: 'missing', file: '.' };
    return;
  }
  let found = 0;
  for await (const finding of allFindings(name, dataset, folder, options)) {
    if ((found += 1) > MAX_FINDINGS) {
      const detail = `it has more than ${MAX_FINDINGS} findings, the others are not listed`;
      yield { problem: 'invalid', file: '.', detail };
      return;
    }
    yield finding;
  }
}

async function* allFindings(
  name: ExportName,
  dataset: Dataset,
  folder: string,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  const files = await listExport(folder);
  yield* FORMATS[name].verify(dataset, files, options);
  yield* files.surprises();
}
