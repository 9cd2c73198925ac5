import type { Dataset } from '../dataset/dataset.js';
import { classNameOf, classTable } from '../imagenet/synsets.js';
import { csvLine } from '../text.js';
import { classesIn, type ExportOptions, exportRows, type PresentClass } from './format.js';
import { linesFormat, type LinesOf } from './lines.js';

/**
 * `labels.csv`, one row per image: `id`, `file_name`, `k`, and a column of 0 and 1 for each class that
 * is in the dataset, named by its class index; and `classes.csv`, what these classes are.
 */
export const csv = multiHot(classesIn);

/** The same with a column for each of the 1,000 classes. */
export const csvFull = multiHot((summary) => {
  const imagesOf = new Map(classesIn(summary).map(({ index, images }) => [index, images]));
  return classTable().map(({ class: index, wnid }) => {
    return { index, wnid, images: imagesOf.get(index) ?? 0 };
  });
});

/** `labels.csv` with `file_name` and `labels`: the class indices, separated by spaces. */
export const csvList = linesFormat({
  async *'labels.csv'(dataset, options) {
    yield line(['file_name', 'labels']);
    for await (const { file_name, labels } of exportRows(dataset, options)) {
      yield line([file_name, labels.join(' ')]);
    }
  },
});

function multiHot(classesOf: (summary: Dataset['summary']) => readonly PresentClass[]) {
  const labelLines = async function* (dataset: Dataset, options: ExportOptions) {
    const classes = classesOf(dataset.summary).map(({ index }) => index);
    yield line(['id', 'file_name', 'k', ...classes]);
    for await (const { id, file_name, k, labels } of exportRows(dataset, options)) {
      const present = new Set(labels);
      yield line([id, file_name, k, ...classes.map((index) => (present.has(index) ? 1 : 0))]);
    }
  } satisfies LinesOf;
  // eslint-disable-next-line @typescript-eslint/require-await -- as the lines of the other file
  const classLines = async function* ({ summary }: Dataset) {
    yield line(['class', 'wnid', 'name', 'images']);
    for (const { index, wnid, images } of classesOf(summary)) {
      yield line([index, wnid, classNameOf(index), images]);
    }
  } satisfies LinesOf;
  return linesFormat({ 'classes.csv': classLines, 'labels.csv': labelLines });
}

function line(fields: readonly (string | number)[]): string {
  return csvLine(fields).slice(0, -1);
}
