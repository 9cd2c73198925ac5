import { readDataset } from '../dataset/read-dataset.js';
import type { MetadataRow } from '../dataset/metadata.js';
import { explainError } from '../errors.js';
import { writeWhole } from '../files/stage-folder.js';
import { drawTiles } from '../image/draw-tiles.js';
import { classNameOf } from '../imagenet/synsets.js';

export interface ContactSheetOptions {
  /** Images a row. Default: 8. */
  columns?: number | undefined;
  /** Images for each number of patches: the first ones. Default: 8. */
  perCount?: number | undefined;
  /** Side that each image is shown in, px. Default: 160. */
  side?: number | undefined;
}

/** Draws the first images of each number of patches with their labels, as a PNG at `path`. */
export async function writeContactSheet(
  folder: string,
  path: string,
  { columns = 8, perCount = 8, side = 160 }: ContactSheetOptions = {},
): Promise<void> {
  const dataset = await readDataset(folder);
  const shown = new Map<number, MetadataRow[]>();
  for await (const row of dataset.rows()) {
    const rows = shown.get(row.k) ?? [];
    if (rows.length < perCount) rows.push(row);
    shown.set(row.k, rows);
  }
  const tiles = [...shown.values()].flat().map((row) => ({
    path: dataset.pathOf(row),
    caption: [row.id, ...row.labels.map((label) => classNameOf(label))],
  }));
  try {
    await writeWhole(path, await drawTiles(tiles, { columns, side }));
  } catch (error) {
    throw explainError(error);
  }
}
