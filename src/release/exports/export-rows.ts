import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { MetadataRow } from '../../dataset/metadata.js';
import type { Dataset } from '../../dataset/read-dataset.js';
import { DatasetError, explainError } from '../../errors.js';
import { throwIfAborted } from '../../progress.js';
import type { ExportOptions } from './export-options.js';

const REPORT_EVERY = 50;

/**
 * The rows of a dataset for one of its exports, with progress and the signal looked after.
 * @throws DatasetError where the metadata holds another number of rows than `dataset.json` says
 */
export async function* exportRows(
  { folder, summary: { images: total }, rows }: Dataset,
  { signal, onProgress, stage = 'release' }: ExportOptions = {},
): AsyncGenerator<MetadataRow> {
  let done = 0;
  for await (const row of rows()) {
    throwIfAborted(signal, stage);
    yield row;
    done += 1;
    if (done % REPORT_EVERY === 0 || done === total) {
      onProgress?.({ stage, done, total, unit: 'images' });
      await new Promise(setImmediate); // lets a signal in
    }
  }
  if (done === total) return;
  throw new DatasetError(`its metadata has ${done} rows, dataset.json says ${total}`, {
    code: 'dataset-invalid',
    path: folder,
    fix: 'check it with "patchml verify"',
  });
}

/**
 * The bytes of a row's image file. Synchronous: for a dataset's small files that is twice as fast.
 * @throws OutputError that names the file where it cannot be read
 */
export function readImage(dataset: Dataset, row: MetadataRow): Buffer {
  const path = dataset.pathOf(row);
  try {
    return readFileSync(path);
  } catch (error) {
    throw explainError(error, path);
  }
}

/** A row's image by its file name: `k3-000017.png`, `k3-000017`. Never leads out of a folder. */
export function fileNameOf({ file_name: file }: MetadataRow): { name: string; stem: string } {
  return { name: basename(file), stem: basename(file, extname(file)) };
}

/** The split that a dataset is of, as loaders take it: letters, digits and `_`. */
export function splitOf({ summary }: Dataset): string {
  return summary.recipe.source.split.replaceAll(/\W+/g, '_') || 'val';
}
