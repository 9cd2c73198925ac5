import { join } from 'node:path';
import type { Dataset } from '../dataset/dataset.js';
import { writeLines } from '../files/output-file.js';
import { classNameOf } from '../imagenet/synsets.js';
import { csvLine } from '../text.js';
import { classesIn, type ExportOptions, exportRows } from './rows.js';

/** The lines of each file of the export, by its name. */
export const CSV_FILES: Readonly<
  Record<string, (dataset: Dataset, options?: ExportOptions) => AsyncIterable<string>>
> = { 'classes.csv': classLines, 'labels.csv': labelLines };

/**
 * Writes `labels.csv`, an image a row: `id`, `file_name`, `k`, and a column of 0 and 1 for each
 * class that is in the dataset, named by its class index; and `classes.csv`, what these classes are.
 */
export async function writeCsv(
  dataset: Dataset,
  folder: string,
  options: ExportOptions = {},
): Promise<void> {
  for (const [file, lines] of Object.entries(CSV_FILES)) {
    await writeLines(join(folder, file), lines(dataset, options));
  }
}

async function* labelLines(dataset: Dataset, options: ExportOptions = {}): AsyncGenerator<string> {
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
