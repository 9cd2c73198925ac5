import type { Dataset } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import { classNameOf } from '../imagenet/synsets.js';
import { canvasSize } from '../recipe/geometry.js';
import { classesIn, type ExportOptions, exportRows } from './format.js';
import { linesFormat } from './lines.js';

/**
 * COCO's `instances.json`: the classes that are in the dataset, its images and their objects. A
 * category's id is its class index; images and annotations count from 1, since COCO's own
 * evaluation takes annotation 0 for none. File names start at the dataset folder.
 */
export const coco = linesFormat({ 'instances.json': cocoLines });

/** The lines of `instances.json`: an element of its arrays a line. */
async function* cocoLines(dataset: Dataset, options: ExportOptions): AsyncGenerator<string> {
  const { name: description } = dataset.summary; // its version is the recipe's
  yield '{';
  yield `"info":${JSON.stringify({ description })},`;
  yield '"licenses":[],';
  yield* arrayLines('categories', categories(dataset), '],');
  yield* arrayLines('images', images(dataset, { ...options, onProgress: undefined }), '],');
  yield* arrayLines('annotations', annotations(dataset, options), ']');
  yield '}';
}

async function* arrayLines(
  name: string,
  elements: Iterable<object> | AsyncIterable<object>,
  end: string,
): AsyncGenerator<string> {
  yield `"${name}":[`;
  let waiting: string | undefined; // the last one has no comma
  for await (const element of elements) {
    if (waiting !== undefined) yield `${waiting},`;
    waiting = JSON.stringify(element);
  }
  if (waiting !== undefined) yield waiting;
  yield end;
}

function categories({ summary }: Dataset): object[] {
  return classesIn(summary).map(({ index, wnid }) => ({
    id: index,
    name: classNameOf(index),
    supercategory: 'imagenet',
    wnid,
  }));
}

async function* images(dataset: Dataset, options: ExportOptions): AsyncGenerator<object> {
  const [width, height] = canvasSize(dataset.summary.recipe);
  let id = 0;
  for await (const { file_name } of exportRows(dataset, options)) {
    yield { id: (id += 1), file_name, width, height };
  }
}

async function* annotations(dataset: Dataset, options: ExportOptions): AsyncGenerator<object> {
  let imageId = 0;
  let id = 0;
  for await (const row of exportRows(dataset, options)) {
    imageId += 1;
    for (const object of annotated(row)) yield { id: (id += 1), image_id: imageId, ...object };
  }
}

/** An image's objects; their outline is their box, which tools that draw masks ask for. */
function annotated({ objects: { bbox, category } }: MetadataRow): object[] {
  return bbox.map(([x, y, w, h], i) => ({
    category_id: category[i],
    bbox: [x, y, w, h],
    area: w * h,
    iscrowd: 0,
    segmentation: [[x, y, x + w, y, x + w, y + h, x, y + h]],
  }));
}
