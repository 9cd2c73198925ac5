import type { Dataset } from '../../dataset/read-dataset.js';
import type { StageOptions } from '../../progress.js';

/** The forms a dataset is exported in. */
export const EXPORT_NAMES = ['parquet', 'webdataset', 'coco', 'yolo', 'csv'] as const;
export type ExportName = (typeof EXPORT_NAMES)[number];

export interface ExportOptions extends StageOptions {
  /** Images a shard, for the exports that have shards. */
  shardSize?: number | undefined;
}

/** Writes an export of a dataset into a folder. */
export function writeExport(
  name: ExportName,
  dataset: Dataset,
  folder: string,
  options: ExportOptions = {},
): Promise<void> {
  throw new Error(`no export yet: ${JSON.stringify([name, dataset.folder, folder, options])}`);
}
