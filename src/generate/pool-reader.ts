import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import type { FolderOf } from '../files/folders.js';
import type { RgbImage } from '../image/pixels.js';

/** Where the pixels of a patch lie in `patches.bin`, and their size. */
interface StoredPatch {
  id: string;
  width: number;
  height: number;
  offset: number;
}

/** Reads a pool's patches at random. */
export class PoolReader {
  readonly #path: string;
  readonly #file: number;
  /** Offsets of patches whose digest was right. */
  readonly #checked = new Set<number>();

  constructor(folder: FolderOf<'pool'>) {
    this.#path = join(folder, 'patches.bin');
    this.#file = openPixelFile(folder, this.#path);
  }

  /**
   * The pixels of one patch.
   * @param data memory for them; new one by default
   * @throws DatasetError `pool-cut-off`
   */
  read({ id, width, height, offset }: StoredPatch, data = newPixels(width, height)): RgbImage {
    if (this.#fill(data, offset)) return { width, height, data };
    throw new DatasetError(`some pixels of ${id} are missing`, {
      code: 'pool-cut-off',
      path: this.#path,
      fix: 'remove this pool and run "patchml extract" again',
    });
  }

  /**
   * As {@link read}, checked against the patch's digest when it is first read.
   * @throws DatasetError `pool-damaged`, `pool-cut-off`
   */
  readChecked(patch: StoredPatch & { sha256: string }, data?: Buffer): RgbImage {
    const image = this.read(patch, data);
    if (this.#checked.has(patch.offset)) return image;
    if (sha256(image.data) !== patch.sha256) {
      throw damagedPool(
        `the pixels of ${patch.id} have changed since they were cut out`,
        this.#path,
      );
    }
    this.#checked.add(patch.offset);
    return image;
  }

  #fill(data: Buffer, offset: number): boolean {
    try {
      return readSync(this.#file, data, 0, data.length, offset) === data.length;
    } catch (error) {
      throw explainError(error, this.#path);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

function newPixels(width: number, height: number): Buffer {
  return Buffer.allocUnsafeSlow(3 * width * height);
}

export function damagedPool(problem: string, path: string): DatasetError {
  return new DatasetError(problem, {
    code: 'pool-damaged',
    path,
    fix: 'remove this pool and run "patchml extract" again',
  });
}

function openPixelFile(folder: FolderOf<'pool'>, path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw explainError(cause, path);
    throw new DatasetError('patches.bin is missing', {
      code: 'stage-missing',
      path: folder,
      fix: 'remove this pool and run "patchml extract" again',
      cause,
    });
  }
}
