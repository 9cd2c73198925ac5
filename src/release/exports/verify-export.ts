import type { Dataset } from '../../dataset/read-dataset.js';
import type { Finding } from '../../dataset/verify-dataset.js';
import type { ExportName } from './write-export.js';

/** Checks an export against its dataset. */
export function verifyExport(
  name: ExportName,
  dataset: Dataset,
  folder: string,
): AsyncIterable<Finding> {
  throw new Error(`no export yet: ${name} of ${dataset.folder} in ${folder}`);
}
