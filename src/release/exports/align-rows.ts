import type { MetadataRow } from '../../dataset/metadata.js';
import type { Dataset } from '../../dataset/read-dataset.js';
import type { StageOptions } from '../../progress.js';
import { exportRows, fileNameOf } from './export-rows.js';

/** What an export holds of an image, by the stem of its file name. */
export interface Held {
  stem: string;
}

/** A row with what is held of it; a row of which nothing is; or something that belongs to no row. */
export type Aligned<Item extends Held> =
  { row: MetadataRow; item: Item } | { row: MetadataRow } | { item: Item };

/**
 * Goes through the rows of a dataset and what an export holds, both in the dataset's order. What
 * is held twice or out of order belongs to no row. Only the ids are kept.
 */
export async function* alignRows<Item extends Held>(
  dataset: Dataset,
  items: AsyncIterable<Item>,
  options: StageOptions,
): AsyncGenerator<Aligned<Item>> {
  const places = new Map<string, number>();
  for await (const row of dataset.rows()) places.set(fileNameOf(row).stem, places.size);
  const rows = exportRows(dataset, { ...options, stage: 'verify' });
  let place = 0;
  for await (const item of items) {
    const wanted = places.get(item.stem) ?? -1;
    if (wanted < place) {
      yield { item };
      continue;
    }
    for (; place <= wanted; place += 1) {
      const { value: row } = (await rows.next()) as IteratorYieldResult<MetadataRow>;
      yield place === wanted ? { row, item } : { row };
    }
  }
  for await (const row of rows) yield { row };
}
