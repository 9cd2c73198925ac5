import { type Dataset, type DatasetFolder, readDataset } from '../dataset/dataset.js';
import { type Finding, requireComplete, type VerifyOptions } from '../dataset/verify.js';
import { OutputError, ReleaseError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { exists, makeFolder, requireOutside } from '../files/folders.js';
import { listInOrder } from '../files/listing.js';
import { buildFolder, type OutputKind, requirePlace } from '../files/output-folder.js';
import { ofStep } from '../progress.js';
import { coco } from './coco.js';
import { csv, csvFull, csvList } from './csv.js';
import { type ExportFormat, type ExportOptions, openExport } from './format.js';
import { parquet } from './parquet.js';
import { webdataset } from './webdataset.js';
import { yolo } from './yolo.js';

/** The forms that a dataset can be published in, beside `imagefolder`, which it is itself. */
export const EXPORT_NAMES = [
  'parquet',
  'webdataset',
  'coco',
  'yolo',
  'csv',
  'csv-full',
  'csv-list',
] as const;

export type ExportName = (typeof EXPORT_NAMES)[number];

const FORMATS: Record<ExportName, ExportFormat> = {
  parquet,
  webdataset,
  coco,
  yolo,
  csv,
  'csv-full': csvFull,
  'csv-list': csvList,
};

export interface ExportInput {
  /** The dataset folder. */
  dataset: DatasetFolder;
  format: ExportName;
  /** Where the export goes: a folder that is empty or does not exist, outside of the dataset. */
  out: string;
}

/** An export that was made. */
export interface Exported {
  folder: string;
  format: ExportName;
  /** Images of the dataset, all of which are in it. */
  images: number;
  files: number;
  bytes: number;
}

/**
 * Writes a dataset in another form, into a folder of its own. The dataset is checked first; the
 * same dataset gives the same bytes. The folder is complete or absent.
 * @throws DatasetError where the dataset is incomplete or damaged
 * @throws ReleaseError `export-shard-size`; OutputError where `out` is taken or cannot be written
 */
export async function exportDataset(
  { dataset: path, format, out }: ExportInput,
  { shardSize, ...options }: Omit<ExportOptions, 'stage'> = {},
): Promise<Exported> {
  try {
    requireShardSize(shardSize);
    const dataset = await readDataset(path);
    await requireOutside(out, path, (problem) => {
      const fix = 'choose another output folder';
      return new OutputError(problem, { code: 'export-in-dataset', path: out, fix });
    });
    await requirePlace(out, EXPORT);
    await requireComplete(path, options);
    const write = (partial: string): Promise<void> =>
      writeExport(format, dataset, partial, { ...options, shardSize });
    await buildFolder(out, write, { kind: EXPORT, replace: false });
    let [files, bytes] = [0, 0];
    for await (const { size } of listInOrder(out)) [files, bytes] = [files + 1, bytes + size];
    return { folder: out, format, images: dataset.summary.images, files, bytes };
  } catch (error) {
    throw explainError(error, out);
  }
}

/** An export is never put over anything. */
const EXPORT: OutputKind = { what: 'an export', code: 'output-not-empty' };

function requireShardSize(shardSize = 1): void {
  if (Number.isSafeInteger(shardSize) && shardSize >= 1) return;
  throw new ReleaseError(`expected a shard size of at least 1 image, got ${shardSize}`, {
    code: 'export-shard-size',
  });
}

/**
 * Writes a dataset in another form. The same dataset gives the same bytes; memory does not grow
 * with the number of images.
 * @param folder made where it is absent; the caller syncs it and swaps it in when all is written
 * @throws ReleaseError `export-shard-size`; AbortedError, OutputError
 */
export async function writeExport(
  name: ExportName,
  dataset: Dataset,
  folder: string,
  options: ExportOptions = {},
): Promise<void> {
  requireShardSize(options.shardSize);
  await makeFolder(folder);
  const onProgress = ofStep(name, options.onProgress);
  await FORMATS[name].write(dataset, folder, { ...options, onProgress });
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
 * @throws DatasetError where the dataset itself is incomplete, AbortedError
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
      const detail = `more than ${MAX_FINDINGS} problems; the rest are not listed`;
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
  const files = await openExport(folder);
  yield* FORMATS[name].verify(dataset, files, options);
  yield* await files.surprises();
}
