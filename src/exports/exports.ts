import type { Dataset } from '../dataset/dataset.js';
import type { Finding, VerifyOptions } from '../dataset/verify.js';
import { exists, makeFolder } from '../files/folders.js';
import { COCO_FILE, cocoLines, writeCoco } from './coco.js';
import { type ExportFiles, listExport, verifyLines } from './compare.js';
import { CSV_FILES, writeCsv } from './csv.js';
import { verifyParquet, writeParquet } from './parquet.js';
import type { ExportOptions } from './rows.js';
import { verifyWebDataset, writeWebDataset } from './webdataset.js';
import { verifyYolo, writeYolo } from './yolo.js';

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

type Verifier = (
  dataset: Dataset,
  files: ExportFiles,
  options: VerifyOptions,
) => AsyncGenerator<Finding>;

const VERIFIERS: Record<ExportName, Verifier> = {
  parquet: verifyParquet,
  webdataset: verifyWebDataset,
  coco: verifyTexts({ [COCO_FILE]: cocoLines }),
  yolo: verifyYolo,
  csv: verifyTexts(CSV_FILES),
};

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
  yield* VERIFIERS[name](dataset, files, options);
  yield* files.surprises();
}

/** Checks the text files of an export, by their names. */
function verifyTexts(
  texts: Readonly<
    Record<string, (dataset: Dataset, options: ExportOptions) => AsyncIterable<string>>
  >,
): Verifier {
  return async function* (dataset, files, options) {
    for (const [file, lines] of Object.entries(texts)) {
      const expected = lines(dataset, { ...options, stage: 'verify' });
      if (files.take(file) === undefined) yield { problem: 'missing', file };
      else yield* verifyLines(files.path(file), file, expected);
    }
  };
}
