import type { Dataset } from '../dataset/dataset.js';
import { classNameOf } from '../imagenet/synsets.js';
import { csvLine } from '../text.js';
import { classesIn, type ExportOptions, exportRows } from './format.js';
import { linesFormat } from './lines.js';

/**
 * `labels.csv`, an image a row: `id`, `file_name`, `k`, and a column of 0 and 1 for each class that
 * is in the dataset, named by its class index; and `classes.csv`, what these classes are.
 */
export const csv = linesFormat({ 'classes.csv': classLines, 'labels.csv': labelLines });

async function* labelLines(dataset: Dataset, options: ExportOptions): AsyncGenerator<string> {
  const classes = classesIn(dataset.summary).map(({ index }) => index);
  yield line(['id', 'file_name', 'k', ...classes]);
  for await (const { id, file_name, k, labels } of exportRows(dataset, options)) {
    const present = new Set(labels);
    yield line([id, file_name, k, ...classes.map((index) => (present.has(index) ? 1 : 0))]);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- as the lines of the other file
async function* classLines({ summary }: Dataset): AsyncGenerator<string> {
  yield line(['class', 'wnid', 'name', 'images']);
  for (const { index, wnid, images } of classesIn(summary)) {
    yield line([index, wnid, classNameOf(index), images]);
  }
}

function line(fields: readonly (string | number)[]): string {
  return csvLine(fields).slice(0, -1);
}
