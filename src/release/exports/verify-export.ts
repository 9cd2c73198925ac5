import type { Dataset } from '../../dataset/read-dataset.js';
import type { Finding, VerifyOptions } from '../../dataset/verify-dataset.js';
import { exists } from '../../files/stage-folder.js';
import { COCO_FILE, cocoLines } from './coco.js';
import { CSV_FILES } from './csv.js';
import type { ExportOptions } from './export-options.js';
import { type ExportFiles, listExport } from './export-files.js';
import { verifyLines } from './verify-lines.js';
import { verifyParquet } from './verify-parquet.js';
import { verifyWebDataset } from './verify-webdataset.js';
import { verifyYolo } from './verify-yolo.js';
import type { ExportName } from './write-export.js';

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
