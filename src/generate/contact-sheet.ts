import { type DatasetFolder, readDataset } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import { DatasetError, ImageError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { writeWhole } from '../files/output-file.js';
import { MAX_IMAGE_BYTES, readRegularFile } from '../files/read-file.js';
import { type CaptionLine, drawTiles, type Tile } from '../image/contact-sheet.js';
import { decodeImage } from '../image/decode.js';
import type { RgbImage } from '../image/pixels.js';
import { type ClassIndex, classNameOf } from '../imagenet/synsets.js';
import { drawWithoutReplacement, openStream } from '../random.js';

export interface ContactSheetInput {
  /** The dataset folder. */
  dataset: DatasetFolder;
  /** Where the PNG goes. */
  out: string;
  /**
   * What a model ranks highest in each image, best first, by the image's id: as many of these
   * classes as the image has labels stand under it, each with a tick or a cross. Default: none.
   */
  predicted?: ReadonlyMap<string, readonly ClassIndex[]> | undefined;
}

export interface ContactSheetOptions {
  /** Images per row. Default: 8. */
  columns?: number | undefined;
  /** Images for each number of patches. Default: 8. */
  perCount?: number | undefined;
  /** Side that each image is shown in, px. Default: 224. */
  side?: number | undefined;
  /** The images to show, by their ids, in this order. Default: `perCount` of each number. */
  ids?: readonly string[] | undefined;
  /** Draws the images of each number at random. Default: the first ones. */
  seed?: string | undefined;
  /** Shows the images of each number in which the model finds the fewest or the most labels. */
  order?: 'worst' | 'best' | undefined;
}

/**
 * Draws images of a dataset as a PNG: each with its id, its labels in reading order (from the top
 * left of the canvas), and what a model ranks highest in it.
 * @throws DatasetError where the folder is not a dataset, or lacks an image of `ids`; ImageError where
 * an image cannot be decoded
 * @throws OutputError where a file cannot be read, or the PNG cannot be written
 */
export async function writeContactSheet(
  { dataset: folder, out, predicted }: ContactSheetInput,
  options: ContactSheetOptions = {},
): Promise<void> {
  const { columns = 8, side = 224 } = options;
  const dataset = await readDataset(folder);
  const ids = options.ids
    ? [...new Set(options.ids)]
    : await chooseImages(dataset.rows(), predicted, options);
  const places = new Map(ids.map((id, place) => [id, place]));
  const tiles: Tile[] = [];
  for await (const row of dataset.rows()) {
    const place = places.get(row.id);
    if (place === undefined) continue;
    const image = await readImage(dataset.pathOf(row));
    tiles[place] = { image, ...captionOf(row, predicted?.get(row.id)) };
  }
  const missing = ids.find((_, place) => tiles[place] === undefined);
  if (missing !== undefined) {
    throw new DatasetError(`it has no image "${missing}"`, {
      code: 'contact-sheet-ids',
      path: folder,
      fix: 'pass ids from its metadata.jsonl, such as k2-000000',
    });
  }
  await writeWhole(out, await drawTiles(tiles, { columns, side }));
}

/** The ids of the images to show: for each number of patches as many as are asked for. */
async function chooseImages(
  rows: AsyncIterable<MetadataRow>,
  predicted: ContactSheetInput['predicted'],
  { perCount = 8, seed, order }: ContactSheetOptions,
): Promise<string[]> {
  const byCount = new Map<number, { id: string; found: number }[]>();
  for await (const { k, id, labels } of rows) {
    const images = byCount.get(k) ?? [];
    byCount.set(k, images);
    if (seed === undefined && order === undefined && images.length === perCount) continue;
    const classes = predicted?.get(id)?.slice(0, labels.length) ?? [];
    const hits = classes.filter((label) => labels.includes(label)).length;
    images.push({ id, found: hits / labels.length });
  }
  return [...byCount].flatMap(([k, images]) => {
    const inOrder = seed === undefined ? images : shuffled(images, `${seed}/contact-sheet/k=${k}`);
    const sign = order === 'best' ? -1 : 1;
    const sorted = order ? inOrder.sort((a, b) => sign * (a.found - b.found)) : inOrder;
    return sorted.slice(0, perCount).map(({ id }) => id);
  });
}

function shuffled<Item>(items: readonly Item[], name: string): Item[] {
  const places = drawWithoutReplacement(openStream(name), items.length, items.length);
  return places.map((at) => items[at]!);
}

function captionOf(
  row: MetadataRow,
  predicted: readonly ClassIndex[] | undefined,
): Omit<Tile, 'image'> {
  const labels = new Set(readingOrder(row.objects.bbox).map((at) => row.objects.category[at]!));
  const names: CaptionLine[] = [...labels].map((label) => ({ text: classNameOf(label) }));
  if (!predicted) return { title: row.id, blocks: [names] };
  const ranked = predicted.slice(0, labels.size);
  const found = ranked.filter((label) => labels.has(label)).length;
  const lines = ranked.map((label): CaptionLine => {
    return { text: classNameOf(label), mark: labels.has(label) ? 'tick' : 'cross' };
  });
  return { title: row.id, note: `${found} of ${labels.size}`, blocks: [names, lines] };
}

/**
 * The order in which boxes are read: line by line from the top, each from the left. A box is in the
 * line of the highest box that reaches down beyond its middle.
 */
function readingOrder(boxes: MetadataRow['objects']['bbox']): number[] {
  const middleOf = (at: number): number => boxes[at]![1] + boxes[at]![3] / 2;
  const lines: number[][] = [];
  for (const at of [...boxes.keys()].sort((a, b) => middleOf(a) - middleOf(b))) {
    const line = lines.at(-1);
    const [, top, , height] = boxes[line?.[0] ?? at]!;
    if (line && middleOf(at) < top + height) line.push(at);
    else lines.push([at]);
  }
  const centreOf = (at: number): number => boxes[at]![0] + boxes[at]![2] / 2;
  return lines.flatMap((line) => line.sort((a, b) => centreOf(a) - centreOf(b)));
}

async function readImage(path: string): Promise<RgbImage> {
  try {
    return await decodeImage(await readRegularFile(path, { maxBytes: MAX_IMAGE_BYTES }));
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw explainError(cause, path);
    const fix = 'check it with "patchml verify"';
    throw new ImageError(cause.message, { code: cause.code, path, fix, cause });
  }
}
