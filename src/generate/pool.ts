import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from '../errors.js';
import { readJsonLines } from '../files/json.js';
import type { PixelBox } from '../image/box.js';
import { newPnmImage, type PnmImage } from '../image/pixels.js';
import type { ClassIndex, Wnid } from '../imagenet/synsets.js';

/** Reads the rows of a pool, in byte order of their source images. */
export async function readPatchRows(folder: string): Promise<PatchRow[]> {
  const rows: PatchRow[] = [];
  for await (const row of readJsonLines(join(folder, 'patches.jsonl'))) rows.push(row as PatchRow);
  return rows;
}

/** Reads patches' pixels from a pool at random; holds one open file until closed. */
export class PoolReader {
  readonly #file: number;

  constructor(private readonly folder: string) {
    this.#file = openSync(join(folder, 'patches.bin'), 'r');
  }

  /** The pixels of one patch. @throws DatasetError when the file ends before them */
  read({ id, width, height, offset }: Omit<PatchRow, 'box'>): PnmImage {
    const image = newPnmImage(width, height);
    const { data } = image;
    if (readSync(this.#file, data, 0, data.length, offset) !== data.length) {
      throw new DatasetError(`the pixels of ${id} are not all there`, {
        code: 'pool-cut-off',
        path: join(this.folder, 'patches.bin'),
        fix: 'remove this pool; the next run extracts it again',
      });
    }
    return image;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** One row of a pool's `patches.jsonl`. */
export interface PatchRow {
  /** `<imageId>#<objectIndex>` */
  id: string;
  wnid: Wnid;
  class: ClassIndex;
  /** Id of the image it was cut from. */
  source: string;
  /** What was cut out of that image, px. */
  box: PixelBox;
  /** Size as stored, px: that of the box, or scaled down to the pool's store side. */
  width: number;
  height: number;
  /** SHA-256 of its pixels: RGB, row by row. */
  sha256: string;
  /** Where its `3 * width * height` bytes start in `patches.bin`. */
  offset: number;
}
