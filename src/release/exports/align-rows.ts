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
 * is held twice or out of order belongs to no row. Only the ids are kept, and only where the
 * export is not as it should be.
 */
export async function* alignRows<Item extends Held>(
  dataset: Dataset,
  items: AsyncIterable<Item>,
  options: StageOptions,
): AsyncGenerator<Aligned<Item>> {
  const rows = exportRows(dataset, { ...options, stage: 'verify' });
  let places: Map<string, number> | undefined;
  let place = 0;
  let next = await rows.next();
  for await (const item of items) {
    const isNext = next.done !== true && fileNameOf(next.value).stem === item.stem;
    if (!isNext) places ??= await placesOf(dataset);
    const wanted = isNext ? place : (places?.get(item.stem) ?? -1);
    for (; place < wanted && next.done !== true; place += 1) {
      yield { row: next.value };
      next = await rows.next();
    }
    if (place !== wanted || next.done === true) {
      yield { item };
      continue;
    }
    yield { row: next.value, item };
    next = await rows.next();
    place += 1;
  }
  for (; next.done !== true; next = await rows.next()) yield { row: next.value };
}

async function placesOf(dataset: Dataset): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  for await (const row of dataset.rows()) places.set(fileNameOf(row).stem, places.size);
  return places;
}
